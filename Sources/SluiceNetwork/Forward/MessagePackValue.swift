import CSluice

/// A small MessagePack value, for what the two ends of a connection say to each other besides data.
package enum MessagePackValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// A text, or bytes.
    case text([UInt8])
    case array([MessagePackValue])
    /// Names and values in the order in which they came.
    case map([Member])
    /// A float, an extension or an integer past 64 bits: nobody says these.
    case other

    /// A name of a map and what it names.
    package struct Member: Equatable, Sendable {
        package let name: MessagePackValue
        package let value: MessagePackValue

        /// A member.
        package init(_ name: MessagePackValue, _ value: MessagePackValue) {
            self.name = name
            self.value = value
        }
    }

    /// Levels of arrays and maps, and values in all of them, at most.
    private static let depthMax = 4
    private static let valuesMax = 256

    /// A text.
    package static func text(_ text: String) -> MessagePackValue { .text(Array(text.utf8)) }

    /// The value that `bytes` are, whole and nothing behind it; nil for any others, and for what is larger than talk is.
    package init?(_ bytes: [UInt8]) {
        let value = bytes.withUnsafeBufferPointer { bytes -> MessagePackValue? in
            guard var at = bytes.baseAddress else { return nil }
            var left = Self.valuesMax
            // SAFETY: every read is bounded by the end.
            let end = at + bytes.count
            let value = Self.read(&at, end, depth: 0, &left)
            return at == end ? value : nil
        }
        guard let value else { return nil }
        self = value
    }

    private static func read(
        _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, depth: Int, _ left: inout Int
    ) -> MessagePackValue? {
        var head = sl_msgpack_head()
        guard left > 0, sl_msgpack_read(at, end, &head) == 1 else { return nil }
        left -= 1
        at += Int(head.size)
        switch head.kind {
        case SL_MSGPACK_NIL: return .null
        case SL_MSGPACK_FALSE: return .boolean(false)
        case SL_MSGPACK_TRUE: return .boolean(true)
        case SL_MSGPACK_INTEGER: return .integer(head.integer)
        case SL_MSGPACK_STRING, SL_MSGPACK_BINARY, SL_MSGPACK_EXTENSION:
            guard Int(head.length) <= end - at else { return nil }
            defer { at += Int(head.length) }
            if head.kind == SL_MSGPACK_EXTENSION { return .other }
            return .text(Array(UnsafeBufferPointer(start: at, count: Int(head.length))))
        case SL_MSGPACK_ARRAY:
            guard depth < depthMax else { return nil }
            var items: [MessagePackValue] = []
            for _ in 0..<head.length {
                guard let item = read(&at, end, depth: depth + 1, &left) else { return nil }
                items.append(item)
            }
            return .array(items)
        case SL_MSGPACK_MAP:
            guard depth < depthMax else { return nil }
            var members: [Member] = []
            for _ in 0..<head.length {
                guard let name = read(&at, end, depth: depth + 1, &left), let value = read(&at, end, depth: depth + 1, &left) else {
                    return nil
                }
                members.append(Member(name, value))
            }
            return .map(members)
        default: return .other
        }
    }

    /// The value under a name of a map.
    package subscript(name: String) -> MessagePackValue? {
        guard case .map(let members) = self else { return nil }
        return members.last { $0.name == .text(name) }?.value
    }

    /// The bytes of a text.
    package var bytes: [UInt8]? {
        if case .text(let bytes) = self { return bytes }
        return nil
    }

    /// Its bytes; texts that are UTF-8 become `str`, others `bin`.
    package var encoded: [UInt8] {
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        append(to: &buffer)
        return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length))
    }

    private func append(to buffer: UnsafeMutablePointer<sl_buffer>) {
        switch self {
        case .null, .other: sl_msgpack_put_nil(buffer)
        case .boolean(let value): sl_msgpack_put_boolean(buffer, value)
        case .integer(let value): sl_msgpack_put_integer(buffer, value)
        case .text(let bytes):
            bytes.withUnsafeBufferPointer { bytes in
                // SAFETY: `count` bytes from the address on are read, none where there is no address.
                guard let start = bytes.baseAddress else { return sl_msgpack_put_string_head(buffer, 0) }
                if String(validating: bytes, as: UTF8.self) != nil {
                    sl_msgpack_put_string(buffer, start, UInt32(bytes.count))
                } else {
                    sl_msgpack_put_binary_head(buffer, UInt32(bytes.count))
                    sl_buffer_append(buffer, start, bytes.count)
                }
            }
        case .array(let items):
            sl_msgpack_put_array(buffer, UInt32(items.count))
            for item in items { item.append(to: buffer) }
        case .map(let members):
            sl_msgpack_put_map(buffer, UInt32(members.count))
            for member in members {
                member.name.append(to: buffer)
                member.value.append(to: buffer)
            }
        }
    }
}
