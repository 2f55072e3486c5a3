package import SluiceComponent
import CSluice

extension Parcel {
    /// Gives each part that was not written yet to `write` in order and notes which were; `write` goes on behind the bytes that it
    /// was told are out already.
    package func writeParts(
        _ write: (Part, UnsafeRawBufferPointer, inout Int) throws(OutputError) -> Void
    ) throws(OutputError) {
        var offset = parts[..<partsWritten].reduce(0) { $0 + $1.length }
        while partsWritten < parts.count {
            let part = parts[partsWritten]
            // SAFETY: the lengths of the parts add up to the buffer's length.
            let bytes = UnsafeRawBufferPointer(start: self.bytes.pointee.bytes.map { $0 + offset }, count: part.length)
            try write(part, bytes, &partBytesWritten)
            partsWritten += 1
            partBytesWritten = 0
            offset += part.length
        }
    }
}
