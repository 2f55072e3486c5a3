internal import CSluice

/// A point in time as MessagePack data give it.
enum MessagePackTime {
    /// Nanoseconds since 1970 UTC, and the digits of the second that are worth showing.
    case time(ns: Int64, digits: UInt32)
    /// The sender has none (nil, or zero as its loggers write it), or none that 64 bits hold: `isValid` tells which.
    case none(isValid: Bool)
    /// Not a time.
    case other

    /// Fluent's EventTime and MessagePack's own timestamp.
    private static let eventTime: Int8 = 0
    private static let timestamp: Int8 = -1

    /// The time of an entry: seconds as an integer or a float, EventTime, timestamp or nil. `payload` lies behind the head.
    static func entry(_ head: sl_msgpack_head, _ payload: UnsafePointer<UInt8>) -> MessagePackTime {
        switch head.kind {
        case SL_MSGPACK_NIL: return .none(isValid: true)
        case SL_MSGPACK_INTEGER: return head.integer == 0 ? .none(isValid: true) : time(seconds: head.integer, fraction: 0)
        case SL_MSGPACK_UNSIGNED: return .none(isValid: false)
        case SL_MSGPACK_FLOAT:
            // A double holds microseconds of our century, not nanoseconds.
            guard head.number.magnitude < 9e9 else { return .none(isValid: false) }
            if head.number == 0 { return .none(isValid: true) }
            return .time(ns: Int64((head.number * 1_000_000).rounded()) * 1_000, digits: 6)
        case SL_MSGPACK_EXTENSION:
            let time = value(head, payload)
            if case .time(0, _) = time { return .none(isValid: true) }
            return time
        default: return .other
        }
    }

    /// The time that an extension is; ``other`` for extensions of other types.
    static func value(_ head: sl_msgpack_head, _ payload: UnsafePointer<UInt8>) -> MessagePackTime {
        guard head.kind == SL_MSGPACK_EXTENSION else { return .other }
        // SAFETY: an extension's payload has the head's length.
        switch (head.extension, head.length) {
        case (eventTime, 8):
            return time(seconds: Int64(number(payload, 4)), fraction: Int64(number(payload + 4, 4)))
        case (timestamp, 4): return time(seconds: Int64(number(payload, 4)), fraction: 0)
        case (timestamp, 8):
            let bits = number(payload, 8)
            return time(seconds: Int64(bits & 0x3_FFFF_FFFF), fraction: Int64(bits >> 34))
        case (timestamp, 12):
            return time(seconds: Int64(bitPattern: number(payload + 4, 8)), fraction: Int64(number(payload, 4)))
        default: return .other
        }
    }

    private static func time(seconds: Int64, fraction: Int64) -> MessagePackTime {
        // Before 1970 the fraction counts back from the next second, so that the first second that 64 bits hold in part is one.
        let (whole, overflow) = (seconds < 0 ? seconds + 1 : seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (ns, isPast) = whole.addingReportingOverflow(seconds < 0 ? fraction - 1_000_000_000 : fraction)
        // The lowest number stands for “no time” in an event.
        guard !overflow, !isPast, ns != Int64.min, fraction < 1_000_000_000 else { return .none(isValid: false) }
        let digits: UInt32 = fraction == 0 ? 0 : fraction % 1_000_000 == 0 ? 3 : fraction % 1_000 == 0 ? 6 : 9
        return .time(ns: ns, digits: digits)
    }

    /// `count` bytes, the highest first.
    private static func number(_ at: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var value: UInt64 = 0
        // SAFETY: the caller gives so many bytes.
        for index in 0..<count { value = value << 8 | UInt64(at[index]) }
        return value
    }
}
