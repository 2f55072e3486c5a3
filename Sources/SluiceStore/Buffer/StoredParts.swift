import SluiceComponent

/// A parcel's parts as bytes of a row. For each part, numbers little-endian:
///
/// ```
/// │ path + 1: UInt32 │ length: UInt64 │ events: UInt32 │ path: UTF-8 │
///   0: no path
/// ```
enum StoredParts {
    private static let headBytes = 16

    /// The bytes of parts.
    static func encode(_ parts: [Parcel.Part]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.reduce(0) { $0 + headBytes + ($1.path?.utf8.count ?? 0) })
        for part in parts {
            append(UInt32(part.path.map { $0.utf8.count + 1 } ?? 0), &bytes)
            append(UInt64(part.length), &bytes)
            append(UInt32(part.events), &bytes)
            if let path = part.path { bytes.append(contentsOf: path.utf8) }
        }
        return bytes
    }

    /// The parts in these bytes; nil when they are not what `encode` wrote.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> [Parcel.Part]? {
        var parts: [Parcel.Part] = []
        var at = 0
        while at < bytes.count {
            guard bytes.count - at >= headBytes else { return nil }
            // SAFETY: the head's bytes are there; `loadUnaligned` asks for no alignment.
            let path = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            let length = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt64.self))
            let events = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self)))
            at += headBytes
            let pathBytes = max(path - 1, 0)
            guard bytes.count - at >= pathBytes, length <= UInt64(Int32.max) else { return nil }
            let text = path == 0 ? nil : String(decoding: bytes[at..<at + pathBytes], as: UTF8.self)
            parts.append(Parcel.Part(path: text, length: Int(length), events: events))
            at += pathBytes
        }
        return parts
    }

    private static func append(_ number: some FixedWidthInteger, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
