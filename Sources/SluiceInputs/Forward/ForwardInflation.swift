import SluiceComponent
import SluiceDecoding

/// Unpacks compressed chunks within a bound, into room that all chunks of an input share.
final class ForwardInflation {
    /// Room that is kept for the next chunk; more is given back.
    private static let keptBytesMax = 8 << 20
    private static let stepBytes = 64 << 10

    private let bytesMax: Int
    private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    /// No room yet; chunks may have so many bytes once they are unpacked.
    init(bytesMax: Int) { self.bytesMax = bytesMax }

    deinit { room.deallocate() }

    /// Hands the unpacked bytes to `body`, which may use them until it returns.
    func inflate(
        _ packed: UnsafeRawBufferPointer, _ compression: ForwardMessage.Compression,
        _ body: (UnsafeRawBufferPointer) throws(ForwardRefusal) -> Void
    ) throws(ForwardRefusal) {
        defer { if room.count > Self.keptBytesMax { resize(Self.stepBytes, keeping: 0) } }
        let count: Int
        do throws(InputError) {
            count = try inflate(packed, try decompression(compression))
        } catch {
            throw .chunk("its \(compression) data cannot be read: \(error.message)")
        }
        guard count <= bytesMax else {
            throw .chunk(
                "its events have more than \(bytesMax) bytes when they are unpacked (`max_inflated_size`); let the sender make smaller chunks"
            )
        }
        try body(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    private func decompression(_ compression: ForwardMessage.Compression) throws(InputError) -> any Decompression {
        let format: CompressionFormat = compression == .zstd ? .zstd : .gzip
        guard let made = try format.decompression(of: "chunk") else { preconditionFailure("a chunk is packed with \(compression)") }
        return made
    }

    /// Answers how many bytes there are; one more than allowed when there are too many.
    private func inflate(_ packed: UnsafeRawBufferPointer, _ decompression: any Decompression) throws(InputError) -> Int {
        var rest = packed
        var count = 0
        while count <= bytesMax {
            if room.count - count < Self.stepBytes { resize(max(2 * room.count, 4 * Self.stepBytes), keeping: count) }
            let step = try decompression.step(rest, to: UnsafeMutableRawBufferPointer(rebasing: room[count...]))
            count += step.written
            rest = UnsafeRawBufferPointer(rebasing: rest[step.consumed...])
            if step.consumed == 0, step.written == 0 { break }
        }
        if count <= bytesMax { try decompression.finish() }
        return count
    }

    private func resize(_ size: Int, keeping count: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[..<count]))
        room.deallocate()
        room = larger
    }
}
