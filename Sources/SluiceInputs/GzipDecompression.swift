import SluiceComponent
import CZlib

/// gzip (RFC 1952): any number of members one after the other, as log rotation appends them; zero bytes behind the last are padding.
final class GzipDecompression: Decompression {
    private enum Place {
        case member
        case between
        case padding
    }

    private let name: String
    private let stream: UnsafeMutablePointer<z_stream>
    private var place = Place.member
    private var failure: InputError?

    init(_ name: String) {
        self.name = name
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for “gzip header, no zlib header”.
        let result = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "out of memory for decompression")
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, to room: UnsafeMutableRawBufferPointer
    ) throws(InputError) -> DecompressionStep {
        if let failure { throw failure }
        var step = DecompressionStep()
        if place != .member {
            guard let next = input.first else { return step }
            if next == 0 {
                step.consumed = input.prefix { $0 == 0 }.count
                place = .padding
                return step
            }
            guard next == 0x1F, place == .between else {
                throw InputError(
                    .corrupt, "`\(name)` has bytes behind its gzip data that are no gzip data; what came before was read")
            }
            inflateReset(stream)
            place = .member
        }
        // SAFETY: zlib reads `avail_in` and writes `avail_out` bytes at most, within the two buffers.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room.count)
        let result = inflate(stream, Z_SYNC_FLUSH)
        step.consumed = input.count - Int(stream.pointee.avail_in)
        step.written = room.count - Int(stream.pointee.avail_out)
        switch result {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: place = .between
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "error \(result)"
            let fault = InputError(.corrupt, "`\(name)` is damaged gzip data (\(reason)); what came before was read")
            if step.written == 0 { throw fault }
            failure = fault
        }
        return step
    }

    func finish() throws(InputError) {
        if let failure { throw failure }
        guard place == .member else { return }
        throw InputError(.cutOff, "`\(name)` ends inside its gzip data; what came before was read")
    }
}
