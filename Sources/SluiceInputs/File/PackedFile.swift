import CSluice
import Glibc
import SluiceComponent
import SluiceEvent

/// Unpacks a compressed file as it is there, and goes on when it grows: a rotation may still be writing it.
struct PackedFile: ~Copyable {
    /// What a read gave.
    enum Outcome {
        case bytes(Int)
        /// All that is there was unpacked. `isWhole`: the file does not end in the middle of its compressed data.
        case end(isWhole: Bool)
        case fault(InputError)
    }

    /// Bytes that one read gives at most.
    static let readBytes = 256 << 10

    private let decompression: any Decompression
    private var held = HeldBytes()
    private var hasMoreOutput = false
    /// Compressed bytes read so far.
    private(set) var rawOffset = 0

    init(_ decompression: any Decompression) { self.decompression = decompression }

    /// Appends unpacked bytes to the arena.
    mutating func read(_ descriptor: Int32, into batch: borrowing EventBatch) -> Outcome {
        batch.reserve(Self.readBytes)
        let raw = batch.raw
        while true {
            if held.count > 0 || hasMoreOutput {
                // SAFETY: the room was reserved above.
                let end = UnsafeMutableRawPointer(raw.pointee.bytes + Int(raw.pointee.length))
                do throws(InputError) {
                    let step = try decompression.step(
                        held.bytes, to: UnsafeMutableRawBufferPointer(start: end, count: Self.readBytes))
                    held.drop(step.consumed)
                    hasMoreOutput = step.written == Self.readBytes
                    raw.pointee.length += UInt32(step.written)
                    if step.written > 0 { return .bytes(step.written) }
                } catch {
                    return .fault(error)
                }
                continue
            }
            let room = held.space
            let length = pread(descriptor, room.baseAddress, room.count, rawOffset)
            if length < 0, errno == EINTR { continue }
            if length < 0 { return .fault(InputError.system("read", "a compressed file", errno)) }
            if length == 0 { return .end(isWhole: isWhole) }
            held.add(length)
            rawOffset += length
        }
    }

    private var isWhole: Bool {
        do throws(InputError) {
            try decompression.finish()
            return true
        } catch {
            return false
        }
    }
}
