package import SluiceComponent
package import SluiceEvent

/// Decodes RFC 5424 messages.
///
/// Strict: by the letter of the standard. Tolerant: over-long and missing fields, times without zone, Unix seconds instead of
/// a time, and structured data with small faults are taken and flagged; a frame that is no RFC 5424 message at all is read
/// as RFC 3164, where everything that is no header is message text.
package struct RFC5424Decoder: Decoder {
    private let isStrict: Bool
    private var clock: LocalClock

    /// `zone` is taken for times without an offset.
    package init(zone: Zone, strict: Bool) {
        isStrict = strict
        clock = LocalClock(zone: zone)
    }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        if let outcome = decodeHeader(frame, received: received, into: batch) { return outcome }
        // SAFETY: as in `decodeHeader`.
        let whole = SyslogText(frame, of: batch)
        let text = whole.withoutTrailer()
        var other = RFC3164Reader(text)
        other.fields.flags.insert(.undecoded)
        other.read(clock: &clock, received: received)
        other.fields.write(frame, trailer: whole.count - text.count, received: received, format: .rfc5424, to: batch)
        return .decoded
    }

    /// Decodes a frame of where both syslog formats may come; nil, with nothing appended, when it is none of RFC 5424.
    mutating func decodeIfClaimed(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome? {
        // SAFETY: the arena does not grow while the text is looked at.
        let text = SyslogText(frame, of: batch)
        return claims(text, received: received) ? decodeHeader(frame, received: received, into: batch) : nil
    }

    /// Decodes a frame; nil, with nothing appended, when a tolerant reading finds no version and time of RFC 5424.
    private mutating func decodeHeader(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome? {
        // SAFETY: the frame lies in the arena, which does not grow before the fields are written.
        let whole = SyslogText(frame, of: batch)
        let text = isStrict ? whole : whole.withoutTrailer()
        var reader = RFC5424Reader(text, strict: isStrict)
        guard let refusal = reader.read(clock: &clock, received: received) else {
            reader.fields.write(frame, trailer: whole.count - text.count, received: received, format: .rfc5424, to: batch)
            return .decoded
        }
        return isStrict ? .refused(refusal) : nil
    }
}

extension RFC5424Decoder {
    /// Whether a frame is to be read as RFC 5424 where both syslog formats may come: `<PRI>1 ` always; other versions only
    /// when the whole header is RFC 5424, because `<13>2 apples` is not.
    private mutating func claims(_ text: SyslogText, received: Int64) -> Bool {
        let start = isStrict ? 0 : text.startOfPriority
        guard text[start] == .less else { return false }
        var at = start + 2
        while at < start + 5, text[at] != .greater { at += 1 }
        guard text[at] == .greater, text[at + 1].isDigit else { return false }
        if text[at + 1] == 0x31, text[at + 2] == .blank { return true }
        return claimsOtherVersion(text, received: received)
    }

    private mutating func claimsOtherVersion(_ text: SyslogText, received: Int64) -> Bool {
        var reader = RFC5424Reader(text, strict: true, checkingMessage: false)
        return reader.read(clock: &clock, received: received) == nil
    }
}
