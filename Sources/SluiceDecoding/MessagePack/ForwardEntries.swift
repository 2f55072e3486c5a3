internal import CSluice

/// An entry of a message, as its bytes.
package struct ForwardEntry {
    package let bytes: UnsafeRawBufferPointer
    /// Where its time begins; nil when it is not an array of two values or more.
    package let body: Int?

    /// An entry.
    package init(bytes: UnsafeRawBufferPointer, body: Int?) {
        self.bytes = bytes
        self.body = body
    }
}

/// The entries that lie one behind the other in some bytes.
package struct ForwardEntries: Sequence, IteratorProtocol {
    private var cursor: MessagePackCursor
    /// What comes next is no whole value: the iteration has ended early.
    package private(set) var isDamaged = false

    /// Entries from the start of one on.
    package init(_ bytes: UnsafeRawBufferPointer) { cursor = MessagePackCursor(bytes) }

    /// The next entry; nil at the end and where the bytes are damaged.
    package mutating func next() -> ForwardEntry? {
        if cursor.isAtEnd || isDamaged { return nil }
        guard let bytes = cursor.item() else {
            isDamaged = true
            return nil
        }
        var inside = MessagePackCursor(bytes)
        guard let head = inside.head(), head.kind == SL_MSGPACK_ARRAY, head.length >= 2 else {
            return ForwardEntry(bytes: bytes, body: nil)
        }
        return ForwardEntry(bytes: bytes, body: Int(head.size))
    }

    /// How many entries there are; nil when the bytes are damaged.
    package static func count(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var entries = ForwardEntries(bytes)
        var count = 0
        while entries.next() != nil { count += 1 }
        return entries.isDamaged ? nil : count
    }
}
