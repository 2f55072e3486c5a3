import CSluice
import NIOCore
import SluiceComponent

/// A body in memory of its own, unpacked, with readable bytes behind it as scans want them.
final class BodyBytes {
    /// Why a body cannot be unpacked.
    enum Fault: Error {
        case tooLarge
        case damaged
    }

    private static let firstBytes = 64 << 10
    private static let padding = Int(SL_PADDING)

    private var room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// Unpacks a body of `bytesMax` bytes at most.
    init(_ body: ByteBuffer, _ encoding: HTTPRequestCheck.Encoding, bytesMax: Int) throws(Fault) {
        let isPacked = encoding != .identity
        let capacity = isPacked ? min(bytesMax + 1, max(Self.firstBytes, body.readableBytes * 4)) : body.readableBytes
        room = .allocate(byteCount: capacity + Self.padding, alignment: 16)
        guard isPacked else {
            count = body.readableBytes
            body.withUnsafeReadableBytes { room.copyMemory(from: $0) }
            clearPadding()
            return
        }
        guard let decompression = Self.decompression(encoding) else { throw .damaged }
        var fault: Fault?
        body.withUnsafeReadableBytes { bytes in
            do throws(Fault) { try unpack(bytes, decompression, bytesMax) } catch { fault = error }
        }
        if let fault { throw fault }
        clearPadding()
    }

    deinit { room.deallocate() }

    /// The bytes; never without an address.
    var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: room.baseAddress!.assumingMemoryBound(to: UInt8.self), count: count)
    }

    private static func decompression(_ encoding: HTTPRequestCheck.Encoding) -> (any Decompression)? {
        switch encoding {
        case .identity: return nil
        case .gzip: return GzipDecompression("body")
        case .zstd:
            #if Zstd
                return ZstdDecompression("body")
            #else
                return nil
            #endif
        }
    }

    private func unpack(_ bytes: UnsafeRawBufferPointer, _ decompression: any Decompression, _ bytesMax: Int) throws(Fault) {
        var rest = bytes
        while true {
            if count > bytesMax { throw .tooLarge }
            if count == room.count - Self.padding { grow(bytesMax) }
            let space = UnsafeMutableRawBufferPointer(rebasing: room[count..<room.count - Self.padding])
            let step: DecompressionStep
            do throws(InputError) { step = try decompression.step(rest, to: space) } catch { throw .damaged }
            rest = UnsafeRawBufferPointer(rebasing: rest[step.consumed...])
            count += step.written
            if step.consumed == 0, step.written == 0 { break }
        }
        do throws(InputError) { try decompression.finish() } catch { throw .damaged }
        if !rest.isEmpty { throw .damaged }
    }

    /// One byte more than may be shows that there are too many.
    private func grow(_ bytesMax: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: min(bytesMax + 1, count * 2) + Self.padding, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[..<count]))
        room.deallocate()
        room = larger
    }

    private func clearPadding() {
        for index in count..<count + Self.padding { room[index] = 0 }
    }
}
