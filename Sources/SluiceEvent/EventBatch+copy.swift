package import CSluice

/// Whole events on their way to another batch or to disk.
extension EventBatch {
    /// Appends a copy of an event of another batch, with its raw bytes, peer, `meta` and what was decided about it; nil when
    /// the copy does not fit into ``bytesMax``.
    @discardableResult package borrowing func append(
        copyOf event: UnsafePointer<sl_event>, from source: borrowing EventBatch
    ) -> UnsafeMutablePointer<sl_event>? {
        precondition(raw != source.raw, "an event is copied to another batch than its own")
        return sl_event_copy(raw, source.raw, event)
    }

    /// An event of this batch as bytes that any process can read: field names are text. `source`, `outputs`, `rule` and
    /// `format` stay numbers; who reads them under another configuration numbers them anew.
    package borrowing func pack(_ event: UnsafePointer<sl_event>) -> [UInt8] {
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        sl_event_pack(raw, event, &buffer)
        return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length))
    }

    /// Appends the event that ``pack(_:)`` wrote; nil for any other bytes, which change nothing.
    @discardableResult package borrowing func append(packed bytes: [UInt8]) -> UnsafeMutablePointer<sl_event>? {
        bytes.withUnsafeBufferPointer { bytes in
            // SAFETY: the function reads at most `count` bytes and keeps none.
            guard let start = bytes.baseAddress else { return nil }
            return sl_event_unpack(raw, start, bytes.count)
        }
    }

    /// The peer that an event came from.
    package borrowing func peer(of event: UnsafePointer<sl_event>) -> UnsafeRawBufferPointer? {
        var length = 0
        // SAFETY: the text lies in the arena; it is valid until that grows.
        guard let text = sl_event_peer(raw, event, &length) else { return nil }
        return UnsafeRawBufferPointer(start: text, count: length)
    }
}
