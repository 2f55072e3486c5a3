import CZlib

#if Zstd
    import CZstd
#endif

/// How the payload of a data frame is packed; the numbers are those of the wire.
package enum TransferCompression: UInt8, Sendable, CaseIterable {
    case none = 0
    /// RFC 1952, one member.
    case gzip = 1
    /// RFC 8878, one frame.
    case zstd = 2

    /// The word in configurations.
    package var name: String { String(describing: self) }

    /// Those that this program can pack and unpack.
    package static var known: Set<TransferCompression> {
        #if Zstd
            [.none, .gzip, .zstd]
        #else
            [.none, .gzip]
        #endif
    }

    /// Packs bytes; nil when that makes them no smaller.
    package func packed(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        switch self {
        case .none: return nil
        case .gzip: return Self.deflated(bytes)
        case .zstd:
            #if Zstd
                return Self.zstdPacked(bytes)
            #else
                preconditionFailure("zstd was accepted by a program without zstd")
            #endif
        }
    }

    /// Unpacks bytes into a room that they have to fill exactly; false for anything else.
    package func unpack(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Bool {
        switch self {
        case .none:
            guard bytes.count == room.count else { return false }
            room.copyMemory(from: bytes)
            return true
        case .gzip: return Self.inflated(bytes, into: room)
        case .zstd:
            #if Zstd
                // SAFETY: zstd stays within both sizes.
                return ZSTD_decompress(room.baseAddress, room.count, bytes.baseAddress, bytes.count) == room.count
                    && ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count) == bytes.count
            #else
                return false
            #endif
        }
    }

    private static let gzipLevel: Int32 = 2

    private static func deflated(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard bytes.count > 1 else { return nil }
        return withStream { stream in
            // 15 bits of window, and 16 for a gzip header.
            let opened = deflateInit2_(
                stream, gzipLevel, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
            precondition(opened == Z_OK, "out of memory for compression")
            defer { deflateEnd(stream) }
            var isWhole = false
            let packed = [UInt8](unsafeUninitializedCapacity: bytes.count - 1) { room, count in
                join(stream, bytes, UnsafeMutableRawBufferPointer(room))
                isWhole = deflate(stream, Z_FINISH) == Z_STREAM_END
                count = room.count - Int(stream.pointee.avail_out)
            }
            return isWhole ? packed : nil
        }
    }

    private static func inflated(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Bool {
        withStream { stream in
            let opened = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
            precondition(opened == Z_OK, "out of memory for decompression")
            defer { inflateEnd(stream) }
            join(stream, bytes, room)
            return inflate(stream, Z_FINISH) == Z_STREAM_END && stream.pointee.avail_in == 0 && stream.pointee.avail_out == 0
        }
    }

    /// zlib keeps the stream's address, so it stays at one.
    private static func withStream<Result>(_ body: (UnsafeMutablePointer<z_stream>) -> Result) -> Result {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        return body(stream)
    }

    private static func join(
        _ stream: UnsafeMutablePointer<z_stream>, _ bytes: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer
    ) {
        // SAFETY: zlib only reads its input, whatever its type says, and writes `avail_out` bytes at most.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room.count)
    }

    #if Zstd
        private static let zstdLevel: Int32 = 1

        private static func zstdPacked(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
            guard bytes.count > 1 else { return nil }
            var isWhole = false
            let packed = [UInt8](unsafeUninitializedCapacity: bytes.count - 1) { room, count in
                // SAFETY: zstd stays within both sizes; it refuses a room that is too small.
                let written = ZSTD_compress(room.baseAddress, room.count, bytes.baseAddress, bytes.count, zstdLevel)
                isWhole = ZSTD_isError(written) == 0
                count = isWhole ? written : 0
            }
            return isWhole ? packed : nil
        }
    #endif
}
