package import SluiceComponent
package import SluiceEvent

/// Decides per message what it is: RFC 5424 behind `<PRI>1 `; RFC 3164 behind another PRI, or behind an RFC 3164 or RFC 3339
/// time that a word follows; a JSON object when the whole text is one; otherwise plain text.
///
/// The events name the format that was found. Strict refuses what looks like syslog and breaks its standard.
package struct AutoDecoder: Decoder {
    private var rfc3164: RFC3164Decoder
    private var rfc5424: RFC5424Decoder
    private var json: JSONEventDecoder
    private var plain = PlainDecoder()

    /// `zone` is taken for times without a zone.
    package init(zone: Zone, strict: Bool = false) {
        rfc3164 = RFC3164Decoder(zone: zone, strict: strict)
        rfc5424 = RFC5424Decoder(zone: zone, strict: strict)
        json = JSONEventDecoder(strict: strict)
    }

    @inline(__always)
    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        let text = SyslogText(frame, of: batch)
        switch text[0] {
        case .brace:
            return json.appendWholeObject(frame, received: received, into: batch)
                ? .decoded : plain.decode(frame, received: received, into: batch)
        case .less:
            return rfc3164.decodeCommonForm(frame, received: received, into: batch)
                ? .decoded : decodeMarked(frame, received: received, into: batch)
        default: return decodeOther(frame, received: received, into: batch)
        }
    }

    /// Text that begins with `<`, or with white space and a PRI.
    @inline(never)
    private mutating func decodeMarked(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        if let outcome = rfc5424.decodeIfClaimed(frame, received: received, into: batch) { return outcome }
        let text = SyslogText(frame, of: batch)
        let priority = SyslogPriority(text, at: text.startOfPriority)
        guard priority.value >= 0 || priority.isOutOfRange else {
            return plain.decode(frame, received: received, into: batch)
        }
        return rfc3164.decodeCarefully(frame, received: received, into: batch)
    }

    /// Text that begins with anything but `<` and `{`: a time, or blanks before either of them.
    @inline(never)
    private mutating func decodeOther(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        if rfc3164.decodeCommonForm(frame, received: received, into: batch) { return .decoded }
        let text = SyslogText(frame, of: batch)
        if text.startOfPriority > 0 { return decodeMarked(frame, received: received, into: batch) }
        if RFC3164Reader.beginsWithTimeAndWord(text) {
            return rfc3164.decodeCarefully(frame, received: received, into: batch)
        }
        if text[text.skippingBlanks(0)] == .brace, json.appendWholeObject(frame, received: received, into: batch) {
            return .decoded
        }
        return plain.decode(frame, received: received, into: batch)
    }
}
