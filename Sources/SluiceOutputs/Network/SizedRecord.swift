import CSluice
import SluiceComponent

/// A record behind its length (`RecordFraming.sized`), as parcels of network outputs hold them.
struct SizedRecord {
    /// The record without its length.
    let bytes: UnsafeRawBufferPointer
    /// Where the next one begins.
    let end: Int

    /// The record that begins at a place; nil at the end.
    init?(_ part: UnsafeRawBufferPointer, at start: Int) {
        guard start < part.count else { return nil }
        precondition(part.count - start >= 4, "a parcel ends within the length of a record")
        let length = Int(UInt32(littleEndian: part.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        precondition(length <= part.count - start - 4, "a parcel ends within a record")
        end = start + 4 + length
        bytes = UnsafeRawBufferPointer(rebasing: part[start + 4..<end])
    }
}

extension Parcel {
    /// Bytes of all parts that were written.
    var bytesWritten: Int { parts[..<partsWritten].reduce(0) { $0 + $1.length } + partBytesWritten }

    /// What was not written yet of the part whose turn it is; nil when everything was written.
    var unwrittenPart: UnsafeRawBufferPointer? {
        guard partsWritten < parts.count else { return nil }
        // SAFETY: the lengths of the parts add up to the buffer's length.
        return UnsafeRawBufferPointer(
            start: bytes.pointee.bytes.map { $0 + bytesWritten }, count: parts[partsWritten].length - partBytesWritten)
    }

    /// Notes that so many bytes of that part were written.
    func wrote(_ count: Int) {
        partBytesWritten += count
        if partBytesWritten == parts[partsWritten].length {
            partsWritten += 1
            partBytesWritten = 0
        }
    }
}
