import CSluice
import SluiceComponent

/// Writes values of events as MessagePack, in the shortest form of each.
///
/// Texts that are UTF-8 become `str`, others `bin`, so that no byte is lost. Numbers keep their kind: an integer becomes `int` or
/// `uint`, everything with a point or an exponent a double. JSON text becomes maps and arrays; text that is no JSON after all stays text.
struct MessagePackValueWriter {
    /// A map or array that is open while its items are counted.
    private struct Level {
        let index: Int
        let isMap: Bool
    }

    /// Levels of nesting at most; deeper text stays text.
    private static let depthMax = 512

    private var counts: [UInt32] = []
    private var levels: [Level] = []
    private(set) var altered = 0

    init() {
        levels.reserveCapacity(Self.depthMax)
    }

    /// Appends bytes as `str`, or as `bin` when they are not UTF-8.
    func put(text: UnsafePointer<UInt8>, _ length: Int, isClean: Bool = false, to output: UnsafeMutablePointer<sl_buffer>) {
        // SAFETY: `length` bytes from `text` on are readable.
        if isClean || sl_is_utf8(text, length) {
            sl_msgpack_put_string(output, text, UInt32(length))
        } else {
            sl_msgpack_put_binary_head(output, UInt32(length))
            sl_buffer_append(output, text, length)
        }
    }

    /// Appends what the inside of a JSON string stands for.
    func put(escaped literal: UnsafePointer<UInt8>, _ length: Int, to output: UnsafeMutablePointer<sl_buffer>) {
        // SAFETY: unescaping never makes text longer, and there is room for the text, a head before it and what `put_…` reserves.
        let headRoom = 5
        let count = sl_json_unescape(sl_buffer_reserve(output, length + 32) + headRoom, literal, length)
        let start = output.pointee.length
        if sl_is_utf8(output.pointee.bytes + start + headRoom, count) {
            sl_msgpack_put_string_head(output, UInt32(count))
        } else {
            sl_msgpack_put_binary_head(output, UInt32(count))
        }
        memmove(output.pointee.bytes + output.pointee.length, output.pointee.bytes + start + headRoom, count)
        output.pointee.length += count
    }

    /// Appends a number as JSON spells it.
    mutating func put(number text: UnsafePointer<UInt8>, _ length: Int, to output: UnsafeMutablePointer<sl_buffer>) {
        var integer: Int64 = 0
        var number = 0.0
        // SAFETY: the same bytes seen as characters.
        let characters = UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self)
        if sl_parse_number(characters, length, &integer, &number) == 1 { return sl_msgpack_put_integer(output, integer) }
        let digits = UnsafeBufferPointer(start: text, count: length)
        if digits.allSatisfy({ $0 &- 0x30 <= 9 || $0 == UInt8(ascii: "-") }) {
            if let unsigned = Self.unsigned(digits) { return sl_msgpack_put_unsigned(output, unsigned) }
            // An integer past 64 bits: a double is as near as MessagePack comes.
            altered += 1
        }
        if number.isFinite { return sl_msgpack_put_double(output, number) }
        altered += 1
        sl_msgpack_put_string(output, text, UInt32(length))
    }

    private static func unsigned(_ digits: UnsafeBufferPointer<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard digit != UInt8(ascii: "-") else { return nil }
            let (ten, isLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = ten.addingReportingOverflow(UInt64(digit &- 0x30))
            guard !isLarge, !isLarger else { return nil }
            value = sum
        }
        return value
    }

    /// Appends the JSON text of an object or array as a map or array; as text when it is not JSON.
    mutating func put(json text: UnsafePointer<UInt8>, _ length: Int, to output: UnsafeMutablePointer<sl_buffer>) {
        guard count(text, length) else {
            altered += 1
            return put(text: text, length, to: output)
        }
        var tokens = JSONTokens(text, length)
        var next = 0
        while let token = tokens.next() {
            switch token {
            case .openMap:
                sl_msgpack_put_map(output, counts[next] / 2)
                next += 1
            case .openArray:
                sl_msgpack_put_array(output, counts[next])
                next += 1
            case .closeMap, .closeArray: break
            case .text(let offset, let count, let isEscaped):
                if isEscaped { put(escaped: text + offset, count, to: output) } else { put(text: text + offset, count, to: output) }
            case .number(let offset, let count): put(number: text + offset, count, to: output)
            case .word(let value):
                if let value { sl_msgpack_put_boolean(output, value) } else { sl_msgpack_put_nil(output) }
            case .other: preconditionFailure("text was counted that is no JSON")
            }
        }
    }

    /// Counts the items of each map (names and values) and array, in the order in which they begin. False when it is no JSON.
    private mutating func count(_ text: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        counts.removeAll(keepingCapacity: true)
        levels.removeAll(keepingCapacity: true)
        var tokens = JSONTokens(text, length)
        while let token = tokens.next() {
            if counts.isEmpty, token != .openMap, token != .openArray { return false }
            // Behind the value nothing may follow.
            if !counts.isEmpty, levels.isEmpty { return false }
            if token == .closeMap || token == .closeArray {
                guard let level = levels.popLast(), level.isMap == (token == .closeMap) else { return false }
                if level.isMap, counts[level.index] % 2 != 0 { return false }
                continue
            }
            if let level = levels.last {
                let isName = level.isMap && counts[level.index] % 2 == 0
                if isName, !token.isText { return false }
                counts[level.index] += 1
            }
            switch token {
            case .openMap, .openArray:
                guard levels.count < Self.depthMax else { return false }
                levels.append(Level(index: counts.count, isMap: token == .openMap))
                counts.append(0)
            case .other: return false
            default: break
            }
        }
        return levels.isEmpty && !counts.isEmpty
    }
}
