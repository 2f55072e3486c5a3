package import SluiceComponent
package import SluiceEvent

/// Decodes RFC 3164 messages as devices really send them.
///
/// Strict: `<PRI>Mmm dd hh:mm:ss HOST ` by the letter of RFC 3164 §4.1. Tolerant: whatever comes; what is no header is
/// message text. The common form takes a fast path, everything else the careful one of ``RFC3164Reader``.
package struct RFC3164Decoder: Decoder {
    private let isStrict: Bool
    private var clock: LocalClock
    private var common: RFC3164CommonForm

    /// `zone` is taken for times without a zone.
    package init(zone: Zone, strict: Bool) {
        isStrict = strict
        clock = LocalClock(zone: zone)
        common = RFC3164CommonForm(strict: strict)
    }

    @inline(__always)
    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        decodeCommonForm(frame, received: received, into: batch)
            ? .decoded : decodeCarefully(frame, received: received, into: batch)
    }

    /// The fast path; false, with nothing appended, when the frame needs the careful one.
    @inline(__always)
    mutating func decodeCommonForm(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> Bool {
        common.decode(frame, received: received, clock: &clock, into: batch)
    }

    @inline(never)
    mutating func decodeCarefully(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        // SAFETY: the frame lies in the arena, which does not grow before the fields are written.
        let whole = SyslogText(frame, of: batch)
        let text = isStrict ? whole : whole.withoutTrailer()
        var reader = RFC3164Reader(text)
        reader.read(clock: &clock, received: received)
        if isStrict, let refusal = reader.refusal() { return .refused(refusal) }
        reader.fields.write(frame, trailer: whole.count - text.count, received: received, format: .rfc3164, to: batch)
        return .decoded
    }
}

extension RFC3164Reader {
    /// What breaks RFC 3164 in a message that was read, or nil.
    func refusal() -> StaticString? {
        let priority = SyslogPriority(text, at: 0)
        guard priority.value >= 0, priority.flags.isEmpty else {
            return "the PRI at the start is not `<0>` to `<191>`; RFC 3164 §4.1.1"
        }
        let at = priority.end
        let isPadded = text[at + 4] == .blank && text[at + 5] != 0x30
        guard HeaderTime.month(text, at: at) != nil, text[at] &- 0x41 <= 25, text[at + 1] &- 0x61 <= 25,
            text[at + 2] &- 0x61 <= 25, text[at + 3] == .blank, isPadded || text[at + 4] &- 0x31 <= 2, text[at + 5].isDigit,
            text[at + 6] == .blank, text[at + 9] == .colon, text[at + 12] == .colon, text[at + 15] == .blank,
            !fields.flags.contains(.noTimestamp), !fields.flags.contains(.leapSecond)
        else { return "no time `Mmm dd hh:mm:ss` and a blank behind the PRI; RFC 3164 §4.1.2" }
        guard fields.hostname.start == at + 16, text[fields.hostname.end] == .blank else {
            return "no HOSTNAME and a blank behind the time; RFC 3164 §4.1.2"
        }
        for position in fields.hostname.start..<fields.hostname.end where !text[position].isGraphic {
            return "HOSTNAME is not printable US-ASCII; RFC 3164 §4.1.2"
        }
        return nil
    }
}
