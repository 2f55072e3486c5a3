import CSluice
import SluiceComponent
import SluiceEncoding

extension Parcel {
    /// Makes a part of its own of each packed record that has more than `limit` bytes, so that the output gives up on that one alone.
    /// Parts that were written stay as they are; so does one whose records are not whole.
    func isolateRecords(over limit: Int) {
        guard byteCount > limit else { return }
        var parts = Array(self.parts[..<partsWritten])
        var offset = parts.reduce(0) { $0 + $1.length }
        for part in self.parts[partsWritten...] {
            // SAFETY: the lengths of the parts add up to the buffer's length.
            let bytes = UnsafeRawBufferPointer(start: self.bytes.pointee.bytes.map { $0 + offset }, count: part.length)
            parts += Self.split(part, bytes, limit)
            offset += part.length
        }
        self.parts = parts
    }

    private static func split(_ part: Part, _ bytes: UnsafeRawBufferPointer, _ limit: Int) -> [Part] {
        var parts: [Part] = []
        var open = Part(path: part.path, length: 0, events: 0)
        func close() {
            if open.events > 0 { parts.append(open) }
            open = Part(path: part.path, length: 0, events: 0)
        }
        var start = 0
        while start < bytes.count {
            guard let length = PackedRecord.length(in: bytes, at: start) else { return [part] }
            if length > limit { close() }
            open.length += length
            open.events += 1
            if length > limit { close() }
            start += length
        }
        close()
        return parts
    }
}

/// Records as ``PackedEventEncoder`` writes them: each behind its length.
enum PackedRecord {
    /// The length of the record at a place, with what stands before it; nil when it is not whole.
    static func length(in bytes: UnsafeRawBufferPointer, at place: Int) -> Int? {
        let rest = bytes.count - place
        guard rest >= PackedEventEncoder.lengthBytes else { return nil }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        return length <= rest - PackedEventEncoder.lengthBytes ? length + PackedEventEncoder.lengthBytes : nil
    }
}
