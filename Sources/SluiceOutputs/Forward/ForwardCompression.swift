import CZlib

/// Packs chunks as one gzip member each: not all receivers read more than one.
final class ForwardCompression {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for a gzip header.
        let result = deflateInit2_(
            stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "out of memory for compression")
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// The packed bytes; there are at most 2 GiB of them to pack.
    func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        deflateReset(stream)
        let bound = Int(deflateBound(stream, UInt(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { room, count in
            // SAFETY: zlib only reads its input, whatever its type says, and writes no more than the bound that it has given.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.pointee.avail_in = UInt32(bytes.count)
            stream.pointee.next_out = room.baseAddress
            stream.pointee.avail_out = UInt32(bound)
            let result = deflate(stream, Z_FINISH)
            precondition(result == Z_STREAM_END, "deflate failed: \(result)")
            count = bound - Int(stream.pointee.avail_out)
        }
    }
}
