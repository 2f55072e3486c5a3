internal import CSluice

/// Turns nested MessagePack values into JSON text behind everything else in an arena.
///
/// Nothing recurses: maps and arrays that are open lie on a stack of fixed size. Bytes that are not UTF-8 stay as they are inside
/// strings, as they do in JSON that came as text; whoever writes them out replaces them and counts it.
final class MessagePackJSONText {
    /// What became of a value.
    struct Outcome {
        /// The text; empty after a fault.
        var text = sl_span()
        /// Arena offset behind the value.
        var end = 0
        /// Something in it is not what came (an extension, a number that is none).
        var isOdd = false
        var fault: MessagePackFault?
    }

    /// A map or array that is open.
    private struct Level {
        /// Values to come; in a map, names and values.
        var left: Int
        let isMap: Bool
        var isFirst = true

        /// Whether a name comes next.
        var isAtName: Bool { isMap && left % 2 == 0 }
    }

    /// Levels of nesting at most; the record around the value is one more, as in JSON text.
    private static let depthMax = 511

    private let levels = UnsafeMutablePointer<Level>.allocate(capacity: depthMax)
    private var depth = 0
    private var isOdd = false

    init() {}

    deinit { levels.deallocate() }

    /// Appends the text of the map or array at arena offset `start`, whose bytes end before `end`.
    func append(from start: Int, to end: Int, in batch: UnsafeMutablePointer<sl_batch>) -> Outcome {
        let first = batch.pointee.length
        depth = 0
        isOdd = false
        var at = start
        repeat {
            if let fault = next(&at, end, batch) {
                batch.pointee.length = first
                return Outcome(fault: fault)
            }
        } while depth > 0
        return Outcome(text: sl_span(offset: first, length: batch.pointee.length - first), end: at, isOdd: isOdd)
    }

    /// Writes one head, with what stands before it and with its payload.
    private func next(_ at: inout Int, _ end: Int, _ batch: UnsafeMutablePointer<sl_batch>) -> MessagePackFault? {
        // SAFETY: `at..<end` lies in the arena; pointers are made anew behind each call that may move it.
        guard let bytes = batch.pointee.bytes else { return .malformed }
        var head = sl_msgpack_head()
        guard sl_msgpack_read(bytes + at, bytes + end, &head) == 1 else { return .malformed }
        at += Int(head.size)
        let isContainer = head.kind == SL_MSGPACK_ARRAY || head.kind == SL_MSGPACK_MAP
        let payload = sl_msgpack_has_payload(head.kind) ? Int(head.length) : 0
        guard payload <= end - at else { return .malformed }
        let isName = depth > 0 && levels[depth - 1].isAtName
        if isName, isContainer { return .nameIsContainer }
        // Six bytes for one is the longest escape; a separator, two quotes, and the brackets of all levels that may end here.
        let room = (Self.isText(head.kind) ? 6 * payload : MessagePackText.room(for: head)) + depth + 8
        guard sl_batch_reserve(batch, room), let arena = batch.pointee.bytes else { return .tooLarge }
        var to = arena + Int(batch.pointee.length)
        writeSeparator(&to)
        if isContainer {
            to[0] = UInt8(ascii: head.kind == SL_MSGPACK_MAP ? "{" : "[")
            to += 1
            let items = Int(head.length) * (head.kind == SL_MSGPACK_MAP ? 2 : 1)
            guard depth < Self.depthMax else { return .tooDeep }
            (levels + depth).initialize(to: Level(left: items, isMap: head.kind == SL_MSGPACK_MAP))
            depth += 1
            if items == 0 { close(&to) }
        } else {
            write(head, UnsafePointer(arena + at), isName: isName, &to)
            at += payload
            if depth > 0 { levels[depth - 1].left -= 1 }
            close(&to)
        }
        batch.pointee.length = UInt32(to - arena)
        return nil
    }

    private static func isText(_ kind: sl_msgpack_kind) -> Bool { kind == SL_MSGPACK_STRING || kind == SL_MSGPACK_BINARY }

    private func writeSeparator(_ to: inout UnsafeMutablePointer<UInt8>) {
        guard depth > 0 else { return }
        let level = levels[depth - 1]
        levels[depth - 1].isFirst = false
        if level.isFirst { return }
        // SAFETY: room for a separator was made.
        to[0] = UInt8(ascii: level.isMap && !level.isAtName ? ":" : ",")
        to += 1
    }

    /// Ends every map and array that has all its values.
    private func close(_ to: inout UnsafeMutablePointer<UInt8>) {
        while depth > 0, levels[depth - 1].left == 0 {
            // SAFETY: room for as many brackets as there are levels was made.
            to[0] = UInt8(ascii: levels[depth - 1].isMap ? "}" : "]")
            to += 1
            depth -= 1
            if depth > 0 { levels[depth - 1].left -= 1 }
        }
    }

    private func write(
        _ head: sl_msgpack_head, _ payload: UnsafePointer<UInt8>, isName: Bool, _ to: inout UnsafeMutablePointer<UInt8>
    ) {
        // SAFETY: the caller has made room for the text, escaped as long as it gets, and quotes.
        let start = to
        to += 1
        if Self.isText(head.kind) {
            to += Self.escape(payload, Int(head.length), to)
        } else {
            let written = MessagePackText.append(head, payload, to: to)
            to += written.count
            if written.isOdd { isOdd = true }
            if !written.isText, !isName {
                start.update(from: start + 1, count: written.count)
                to -= 1
                return
            }
        }
        start[0] = UInt8(ascii: "\"")
        to[0] = UInt8(ascii: "\"")
        to += 1
    }

    /// Writes the inside of a JSON string; bytes from 0x80 on and DEL are copied. Answers its length.
    private static func escape(_ from: UnsafePointer<UInt8>, _ length: Int, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        // SAFETY: six bytes for each of `length` were made room for; the arena has padding for whole vectors behind that.
        var count = 0
        var at = 0
        while at < length {
            let plain = sl_copy_until(to + count, from + at, length - at, SL_STOP_TEXT)
            at += plain
            count += plain
            guard at < length else { break }
            let byte = from[at]
            at += 1
            if byte >= 0x7F {
                to[count] = byte
                count += 1
            } else {
                count += escape(byte, to + count)
            }
        }
        return count
    }

    private static func escape(_ byte: UInt8, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        to[0] = UInt8(ascii: "\\")
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): to[1] = byte
        case 0x08: to[1] = UInt8(ascii: "b")
        case 0x09: to[1] = UInt8(ascii: "t")
        case 0x0A: to[1] = UInt8(ascii: "n")
        case 0x0C: to[1] = UInt8(ascii: "f")
        case 0x0D: to[1] = UInt8(ascii: "r")
        default:
            to[1] = UInt8(ascii: "u")
            to[2] = UInt8(ascii: "0")
            to[3] = UInt8(ascii: "0")
            to[4] = 0x30 + byte >> 4
            to[5] = byte & 15 < 10 ? 0x30 + byte & 15 : 0x57 + byte & 15
            return 6
        }
        return 2
    }
}
