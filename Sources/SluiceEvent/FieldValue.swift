package import CSluice

/// What a path leads to in one event; valid until the event changes or its arena grows.
package struct FieldValue {
    /// A field of the event, or the part of a nested one.
    package enum Source {
        case absent
        case slot(UnsafePointer<sl_slot>)
        /// JSON text of a part of a nested value.
        case json(UnsafePointer<UInt8>, count: Int)
        /// A number that stands behind a keyword (`facility_code`, `severity_code`).
        case code(Int64)
    }

    package let source: Source

    /// A value.
    package init(_ source: Source) { self.source = source }

    /// No such field.
    package static var absent: FieldValue { FieldValue(.absent) }

    /// Whether there is nothing to show: the field is missing or null.
    package var isNothing: Bool {
        switch source {
        case .absent: true
        case .slot(let slot): Int(slot.pointee.type) == SL_NULL
        // SAFETY: `count` bytes from `text` on are readable.
        case .json(let text, let count): count == 0 || text[0] == UInt8(ascii: "n")
        case .code: false
        }
    }

    /// Appends the value as text; nothing when it is absent or null.
    package func append(of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>) {
        switch source {
        case .absent: break
        case .slot(let slot): SlotText.append(slot, of: batch, to: output)
        case .json(let text, let count): SlotText.append(json: text, count: count, to: output)
        case .code(let code): SlotText.appendInteger(code, to: output)
        }
    }

    /// The value as a time: a timestamp, RFC 3339 text, or a number of seconds since 1970; nil when it is none of these.
    package func time(in event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>) -> (ns: Int64, detail: UInt32)? {
        switch source {
        case .absent: return nil
        case .code: return nil
        case .json(let text, let count):
            // SAFETY: `count` bytes from `text` on are readable.
            if count > 1, text[0] == UInt8(ascii: "\"") { return TimestampText.parseRFC3339(text + 1, count - 2) }
            return Self.time(number: text, count: count)
        case .slot(let slot):
            // SAFETY: spans of slots lie in their batch's arena.
            switch Int(slot.pointee.type) {
            case SL_TIMESTAMP: return (slot.pointee.integer, slot.pointee.detail)
            case SL_INTEGER: return Self.time(seconds: slot.pointee.integer)
            case SL_FLOAT: return Self.time(seconds: slot.pointee.number)
            case SL_STRING where slot.pointee.flags & UInt8(SL_TIME) != 0 && event.pointee.time_ns != Int64.min:
                return (event.pointee.time_ns, slot.pointee.detail)
            case SL_STRING, SL_NUMBER:
                guard let base = batch.pointee.bytes else { return nil }
                let bytes = UnsafePointer(base + Int(slot.pointee.text.offset))
                let count = Int(slot.pointee.text.length)
                return Int(slot.pointee.type) == SL_STRING
                    ? TimestampText.parseRFC3339(bytes, count) : Self.time(number: bytes, count: count)
            default: return nil
            }
        }
    }

    private static func time(number text: UnsafePointer<UInt8>, count: Int) -> (ns: Int64, detail: UInt32)? {
        // SAFETY: `count` bytes from `text` on are readable.
        guard count > 0, sl_json_kind_of(text[0]) == SL_JSON_NUMBER else { return nil }
        var integer: Int64 = 0
        var number = 0.0
        let isInteger = text.withMemoryRebound(to: CChar.self, capacity: count) {
            sl_parse_number($0, count, &integer, &number) == 1
        }
        return isInteger ? time(seconds: integer) : time(seconds: number)
    }

    private static func time(seconds: Int64) -> (ns: Int64, detail: UInt32)? {
        let (ns, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? nil : (ns, 0)
    }

    private static func time(seconds: Double) -> (ns: Int64, detail: UInt32)? {
        // A double holds microseconds of our century, not nanoseconds.
        guard seconds.magnitude < 9e9 else { return nil }
        return (Int64((seconds * 1_000_000).rounded()) * 1_000, 6)
    }
}
