internal import CSluice
internal import SluiceEvent

/// MessagePack scalars as text, written where the caller has made room.
enum MessagePackText {
    /// Room for any scalar apart from the payload of texts and extensions, quotes included.
    static let scalarBytesMax = 64

    /// What was written.
    struct Written {
        var count: Int
        /// JSON has no number, boolean or null for it: it stands between quotes there.
        var isText = false
        /// It is not what came: an extension as Base64, a number that is none.
        var isOdd = false
    }

    /// Bytes that ``append(_:_:to:)`` writes at most.
    static func room(for head: sl_msgpack_head) -> Int {
        head.kind == SL_MSGPACK_EXTENSION ? Int(head.length) / 3 * 4 + scalarBytesMax : scalarBytesMax
    }

    /// Writes a scalar that is neither text nor bytes, without quotes.
    static func append(
        _ head: sl_msgpack_head, _ payload: UnsafePointer<UInt8>, to: UnsafeMutablePointer<UInt8>
    ) -> Written {
        // SAFETY: the caller has made the room that `room(for:)` says.
        switch head.kind {
        case SL_MSGPACK_NIL: return Written(count: put("null", to))
        case SL_MSGPACK_FALSE: return Written(count: put("false", to))
        case SL_MSGPACK_TRUE: return Written(count: put("true", to))
        case SL_MSGPACK_INTEGER:
            return Written(count: to.withMemoryRebound(to: CChar.self, capacity: 20) { sl_print_integer($0, head.integer) })
        case SL_MSGPACK_UNSIGNED: return Written(count: put(UInt64(bitPattern: head.integer), to))
        case SL_MSGPACK_FLOAT where head.number.isFinite:
            return Written(count: to.withMemoryRebound(to: CChar.self, capacity: 32) { sl_print_double($0, head.number) })
        case SL_MSGPACK_FLOAT:
            let name: StaticString = head.number.isNaN ? "NaN" : head.number > 0 ? "Infinity" : "-Infinity"
            return Written(count: put(name, to), isText: true, isOdd: true)
        default:
            if case .time(let ns, let digits) = MessagePackTime.value(head, payload) {
                return Written(count: TimestampText.print(ns: ns, detail: digits, to: to), isText: true)
            }
            return Written(count: base64(payload, Int(head.length), to), isText: true, isOdd: true)
        }
    }

    private static func put(_ text: StaticString, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        to.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        return text.utf8CodeUnitCount
    }

    /// Decimal digits of a number past what `sl_print_integer` takes.
    private static func put(_ value: UInt64, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        var count = 1
        var rest = value / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        rest = value
        for index in stride(from: count - 1, through: 0, by: -1) {
            to[index] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
        return count
    }

    /// RFC 4648 section 4, with padding.
    private static func base64(_ bytes: UnsafePointer<UInt8>, _ length: Int, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        let letters: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var count = 0
        var at = 0
        while at < length {
            let taken = min(3, length - at)
            var group = UInt32(bytes[at]) << 16
            if taken > 1 { group |= UInt32(bytes[at + 1]) << 8 }
            if taken > 2 { group |= UInt32(bytes[at + 2]) }
            for index in 0..<4 {
                let letter = letters.utf8Start[Int(group >> UInt32(18 - 6 * index)) & 63]
                to[count] = index <= taken ? letter : UInt8(ascii: "=")
                count += 1
            }
            at += taken
        }
        return count
    }
}
