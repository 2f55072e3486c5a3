import CSluice
import CZlib

/// gzip (RFC 1952).
final class GzipCompression: FileCompression {
    /// An empty member with an extra field of its own (`SL`, RFC 1952 §2.3.1.1).
    static let endMark: [UInt8] =
        [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 0xFF, 4, 0, 0x53, 0x4C, 0, 0, 3, 0] + [UInt8](repeating: 0, count: 8)

    /// Bytes asked of the buffer at a time.
    private static let stepBytes = 32 << 10

    private(set) var isInMember = false
    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int32) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for a gzip header.
        let result = deflateInit2_(
            stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "out of memory for compression")
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    func compress(_ bytes: UnsafeRawBufferPointer, to output: UnsafeMutablePointer<sl_buffer>) {
        if !isInMember { deflateReset(stream) }
        isInMember = true
        var rest = bytes
        while rest.count > 0 {
            let count = min(rest.count, 1 << 30)
            // SAFETY: zlib only reads its input, whatever its type says.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: rest.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.pointee.avail_in = UInt32(count)
            run(Z_NO_FLUSH, to: output)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func flush(to output: UnsafeMutablePointer<sl_buffer>) {
        guard isInMember else { return }
        stream.pointee.avail_in = 0
        run(Z_SYNC_FLUSH, to: output)
    }

    func finish(to output: UnsafeMutablePointer<sl_buffer>) {
        guard isInMember else { return }
        stream.pointee.avail_in = 0
        run(Z_FINISH, to: output)
        isInMember = false
        sl_buffer_append(output, Self.endMark, Self.endMark.count)
    }

    private func run(_ flush: Int32, to output: UnsafeMutablePointer<sl_buffer>) {
        repeat {
            // SAFETY: zlib writes `avail_out` bytes at most, which are reserved.
            stream.pointee.next_out = sl_buffer_reserve(output, Self.stepBytes)
            stream.pointee.avail_out = UInt32(Self.stepBytes)
            let result = deflate(stream, flush)
            precondition(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR, "deflate failed: \(result)")
            output.pointee.length += Self.stepBytes - Int(stream.pointee.avail_out)
        } while stream.pointee.avail_out == 0
    }
}
