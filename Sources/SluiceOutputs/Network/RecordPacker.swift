import Glibc
import NIOCore

/// Takes records out of parcels, where each stands behind its length (`RecordFraming.sized`), and puts them into chunks for a stream.
struct RecordPacker {
    /// Bytes of a chunk before another record begins a new one.
    static let chunkBytesMax = 256 << 10

    private let framing: WireFraming
    /// Whether a separator inside a record is left as it is: for CSV, whose quotes protect line ends.
    private let keepsSeparators: Bool
    /// Records that had a separator in them, which was written in another way.
    private(set) var altered = 0

    /// A packer for a framing.
    init(_ framing: WireFraming, keepsSeparators: Bool) {
        self.framing = framing
        self.keepsSeparators = keepsSeparators
    }

    /// The next records of a part, as many as go into a chunk, and the bytes of the part that they take.
    mutating func pack(_ part: UnsafeRawBufferPointer, recordsMax: Int) -> (chunk: RecordChunk, length: Int) {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(min(part.count, Self.chunkBytesMax) + 64)
        var records = 0
        var length = 0
        while records < recordsMax, bytes.readableBytes < Self.chunkBytesMax, let record = SizedRecord(part, at: length) {
            append(record.bytes, to: &bytes)
            records += 1
            length = record.end
        }
        return (RecordChunk(bytes: bytes, records: records), length)
    }

    private mutating func append(_ record: UnsafeRawBufferPointer, to bytes: inout ByteBuffer) {
        guard let separator = framing.separator else {
            bytes.writeString("\(record.count) ")
            bytes.writeBytes(record)
            return
        }
        if !keepsSeparators, let base = record.baseAddress, memchr(base, Int32(separator), record.count) != nil {
            altered += 1
            for byte in record {
                if byte == separator { bytes.writeStaticString(framing.escape) } else { bytes.writeInteger(byte) }
            }
        } else {
            bytes.writeBytes(record)
        }
        bytes.writeInteger(separator)
    }
}
