internal import CSluice

/// One message of Fluent's forward protocol (specification v1 and v1.5), taken apart where it lies.
///
/// | mode | message |
/// |---|---|
/// | Message | `[TAG, TIME, RECORD, OPTIONS?]` |
/// | Forward | `[TAG, [[TIME, RECORD], …], OPTIONS?]` |
/// | PackedForward | `[TAG, "entries one behind the other", OPTIONS?]` |
/// | CompressedPackedForward | the same, packed as the option `compressed` says |
/// | heartbeat | `nil` |
package struct ForwardMessage {
    /// Where the entries are.
    package enum Entries {
        /// A time and a record.
        case one(UnsafeRawBufferPointer)
        /// Whole entries, one behind the other, as many as this.
        case list(UnsafeRawBufferPointer, count: Int)
        /// What should be whole entries, one behind the other.
        case packed(UnsafeRawBufferPointer)
    }

    /// How packed entries are compressed.
    package enum Compression: Equatable {
        case none, gzip, zstd
        /// A word that is not known.
        case other(String)
    }

    /// What a message is that cannot be taken apart: a reason, lower-case and without full stop.
    package struct Fault: Error, Equatable {
        package let reason: String
    }

    /// Bytes of a tag and of the name of a chunk at most.
    package static let tagBytesMax = 4_096
    package static let chunkBytesMax = 1_024

    package private(set) var tag = UnsafeRawBufferPointer(start: nil, count: 0)
    package private(set) var entries: Entries
    /// The name that an acknowledgement is asked for, as the MessagePack value that it came as.
    package private(set) var chunk: UnsafeRawBufferPointer?
    /// How many events the sender says there are.
    package private(set) var size: Int?
    package private(set) var compression = Compression.none
    /// What the entries are: 0 logs, 1 metrics, 2 traces (`fluent_signal` of Fluent Bit).
    package private(set) var signal = 0

    /// Takes a whole value apart; nil for a heartbeat. The parts lie in `bytes`.
    package static func parse(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> ForwardMessage? {
        var cursor = MessagePackCursor(bytes)
        guard let head = cursor.head() else { throw Fault(reason: "it is no MessagePack") }
        if head.kind == SL_MSGPACK_NIL { return nil }
        guard head.kind == SL_MSGPACK_ARRAY, head.length >= 2 else {
            throw Fault(reason: "it is not an array of a tag and entries")
        }
        guard let tag = cursor.text() else { throw Fault(reason: "its tag is not text") }
        guard tag.count <= tagBytesMax else {
            throw Fault(reason: "its tag of \(tag.count) bytes is longer than \(tagBytesMax) bytes")
        }
        let second = cursor
        guard let body = cursor.head() else { throw Fault(reason: "it is no MessagePack") }
        var message = ForwardMessage(entries: .one(bytes))
        message.tag = tag
        var used = 2
        switch body.kind {
        case SL_MSGPACK_STRING, SL_MSGPACK_BINARY:
            guard let payload = cursor.payload(of: body) else { throw Fault(reason: "it is no MessagePack") }
            message.entries = .packed(payload)
        case SL_MSGPACK_ARRAY:
            guard let items = cursor.items(Int(body.length)) else { throw Fault(reason: "it is no MessagePack") }
            message.entries = .list(items, count: Int(body.length))
        default:
            cursor = second
            guard head.length >= 3, let pair = cursor.items(2) else { throw Fault(reason: "it has a time and no record") }
            // Nil in the record's place says that there is no event.
            let isEvent = pair.last != 0xC0 || !Self.isNilSecond(pair)
            message.entries = isEvent ? .one(pair) : .list(UnsafeRawBufferPointer(start: nil, count: 0), count: 0)
            used = 3
        }
        if head.length > used { try message.readOptions(&cursor) }
        return message
    }

    private static func isNilSecond(_ pair: UnsafeRawBufferPointer) -> Bool {
        var cursor = MessagePackCursor(pair)
        return cursor.item() != nil && cursor.head()?.kind == SL_MSGPACK_NIL
    }

    private init(entries: Entries) { self.entries = entries }

    private mutating func readOptions(_ cursor: inout MessagePackCursor) throws(Fault) {
        guard let head = cursor.head() else { throw Fault(reason: "it is no MessagePack") }
        // Senders write nil for “none”; a text or a number there says nothing that could be used.
        guard head.kind == SL_MSGPACK_MAP else { return }
        for _ in 0..<head.length {
            guard let name = cursor.item(), let value = cursor.item() else { throw Fault(reason: "it is no MessagePack") }
            var nameCursor = MessagePackCursor(name)
            var valueCursor = MessagePackCursor(value)
            switch nameCursor.text().map({ String(decoding: $0, as: UTF8.self) }) {
            case "chunk":
                guard let text = valueCursor.text(), text.count <= Self.chunkBytesMax else {
                    throw Fault(reason: "its option `chunk` is not a text of at most \(Self.chunkBytesMax) bytes")
                }
                chunk = value
            case "size": size = valueCursor.integer().flatMap { $0 > 0 ? $0 : nil }
            case "fluent_signal": signal = valueCursor.integer() ?? 0
            case "compressed": compression = Self.compression(valueCursor.text())
            default: break
            }
        }
    }

    private static func compression(_ text: UnsafeRawBufferPointer?) -> Compression {
        guard let text else { return .none }
        let name = String(decoding: text, as: UTF8.self)
        return switch name {
        case "text", "": .none
        case "gzip": .gzip
        case "zstd": .zstd
        default: .other(name)
        }
    }
}

/// Moves over MessagePack values in bytes that stay where they are.
struct MessagePackCursor {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private var start: UnsafePointer<UInt8>? { bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) }

    /// Whether everything was passed.
    var isAtEnd: Bool { at == bytes.count }

    /// Reads a head.
    mutating func head() -> sl_msgpack_head? {
        var head = sl_msgpack_head()
        // SAFETY: `at` is never behind the bytes.
        guard let start, sl_msgpack_read(start + at, start + bytes.count, &head) == 1 else { return nil }
        at += Int(head.size)
        return head
    }

    /// The payload behind a head that was just read.
    mutating func payload(of head: sl_msgpack_head) -> UnsafeRawBufferPointer? {
        guard Int(head.length) <= bytes.count - at else { return nil }
        defer { at += Int(head.length) }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<at + Int(head.length)])
    }

    /// A text, or bytes.
    mutating func text() -> UnsafeRawBufferPointer? {
        guard let head = head(), head.kind == SL_MSGPACK_STRING || head.kind == SL_MSGPACK_BINARY else { return nil }
        return payload(of: head)
    }

    /// An integer.
    mutating func integer() -> Int? {
        guard let head = head(), head.kind == SL_MSGPACK_INTEGER else { return nil }
        return Int(head.integer)
    }

    /// A whole value as its bytes.
    mutating func item() -> UnsafeRawBufferPointer? { items(1) }

    /// So many values, one behind the other, as their bytes.
    mutating func items(_ count: Int) -> UnsafeRawBufferPointer? {
        guard let start else { return nil }
        // SAFETY: `at` is never behind the bytes, and the walk stays within them.
        var walk = sl_msgpack_walk(position: 0, pending: UInt64(count))
        let rest = bytes.count - at
        guard sl_msgpack_walk_on(&walk, start + at, rest, UInt64(rest)) == SL_MSGPACK_WHOLE else { return nil }
        defer { at += Int(walk.position) }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<at + Int(walk.position)])
    }
}
