import CSluice
package import SluiceComponent

/// A parcel that a disk buffer holds.
package struct BufferedParcel: Sendable {
    /// Its place in the order; grows, is never used again.
    package let id: Int64
    /// When it was taken, nanoseconds since 1970 UTC.
    package let time: Int64
    /// A copy without a delivery: that one was answered when the buffer took the parcel.
    package let parcel: Parcel
}

extension BufferedParcel {
    /// Bytes that a row counts beyond what it holds.
    static let rowBytes = 64

    /// Bytes that a parcel counts for in the buffer's `max_size`.
    static func size(_ parcel: Parcel, parts: [UInt8]) -> Int {
        rowBytes + parts.count + parcel.bytes.pointee.length + parcel.letters.pointee.length
    }

    /// The parcel of a row (`id, time, parts, letters, bytes`).
    init(_ row: Row, path: String) throws(StoreError) {
        id = row.integer(0)
        time = row.integer(1)
        parcel = Parcel(delivery: nil)
        guard let parts = StoredParts.decode(row.memory(2)) else { throw BufferedParcel.damaged(id, path) }
        parcel.parts = parts
        BufferedParcel.copy(row.memory(3), to: parcel.letters)
        BufferedParcel.copy(row.memory(4), to: parcel.bytes)
        guard parts.reduce(0, { $0 + $1.length }) == parcel.byteCount else { throw BufferedParcel.damaged(id, path) }
    }

    /// What a buffer's row holds of a parcel, without copying its bytes.
    static func memory(_ buffer: UnsafeMutablePointer<sl_buffer>) -> Value {
        .memory(UnsafeRawBufferPointer(start: buffer.pointee.bytes, count: buffer.pointee.length))
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer, to buffer: UnsafeMutablePointer<sl_buffer>) {
        guard let start = bytes.baseAddress else { return }
        sl_buffer_append(buffer, start, bytes.count)
    }

    private static func damaged(_ id: Int64, _ path: String) -> StoreError {
        StoreError(
            .corrupt,
            "parcel \(id) in `\(path)` is damaged; left as it is; move the file and its `-wal` file away to go on without what it holds")
    }
}
