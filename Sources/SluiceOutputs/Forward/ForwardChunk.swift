import CSluice
import NIOCore
import SluiceNetwork

/// Entries of one tag on their way to a receiver, as one message.
struct ForwardChunk {
    /// What the receiver acknowledges it by; empty when it need not.
    let name: [UInt8]
    /// The message.
    let bytes: ByteBuffer
    /// Bytes of entries in it, before compression.
    let length: Int
    let events: Int
}

/// Makes chunks of the entries that a parcel holds one behind the other.
struct ForwardChunker {
    private let bytesMax: Int
    private let isNamed: Bool
    private let compression: ForwardCompression?

    /// A chunker for chunks of at most `bytesMax` bytes of entries, unless a single one has more.
    init(_ settings: ForwardSettings) {
        bytesMax = settings.chunkBytesMax
        isNamed = settings.requiresAcknowledgement
        compression = settings.isCompressed ? ForwardCompression() : nil
    }

    /// The next chunk of the entries; nil when they are no whole entries.
    func chunk(_ entries: UnsafeRawBufferPointer, tag: String) -> ForwardChunk? {
        guard let start = entries.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        // SAFETY: every step is bounded by the end.
        let end = start + entries.count
        var at = start
        var events = 0
        while at < end, let next = sl_msgpack_skip(at, end) {
            if events > 0, next - start > bytesMax { break }
            at = next
            events += 1
        }
        guard events > 0 else { return nil }
        let taken = UnsafeRawBufferPointer(start: start, count: at - start)
        let name = isNamed ? ForwardSecret.salt() : []
        let packed = compression.map { $0.compress(taken) }
        let bytes =
            if let packed {
                packed.withUnsafeBytes { message(tag, $0, events: events, name, isCompressed: true) }
            } else {
                message(tag, taken, events: events, name, isCompressed: false)
            }
        return ForwardChunk(name: name, bytes: bytes, length: taken.count, events: events)
    }

    /// `[TAG, ENTRIES, {size, chunk, compressed}]`.
    private func message(
        _ tag: String, _ entries: UnsafeRawBufferPointer, events: Int, _ name: [UInt8], isCompressed: Bool
    ) -> ByteBuffer {
        var head = sl_buffer()
        defer { sl_buffer_destroy(&head) }
        sl_msgpack_put_array(&head, 3)
        put(Array(tag.utf8), &head)
        sl_msgpack_put_binary_head(&head, UInt32(entries.count))
        var options = sl_buffer()
        defer { sl_buffer_destroy(&options) }
        sl_msgpack_put_map(&options, 1 + (name.isEmpty ? 0 : 1) + (isCompressed ? 1 : 0))
        put(Array("size".utf8), &options)
        sl_msgpack_put_integer(&options, Int64(events))
        if !name.isEmpty {
            put(Array("chunk".utf8), &options)
            put(name, &options)
        }
        if isCompressed {
            put(Array("compressed".utf8), &options)
            put(Array("gzip".utf8), &options)
        }
        var bytes = ByteBufferAllocator().buffer(capacity: head.length + entries.count + options.length)
        bytes.writeBytes(UnsafeRawBufferPointer(start: head.bytes, count: head.length))
        bytes.writeBytes(entries)
        bytes.writeBytes(UnsafeRawBufferPointer(start: options.bytes, count: options.length))
        return bytes
    }

    private func put(_ text: [UInt8], _ buffer: inout sl_buffer) { sl_msgpack_put_string(&buffer, text, UInt32(text.count)) }
}
