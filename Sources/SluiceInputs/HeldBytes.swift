/// Raw bytes that wait: the first ones of an input until its format is known, and compressed ones.
struct HeldBytes: ~Copyable {
    /// Bytes that fit.
    private static let capacity = 64 << 10

    private let base = UnsafeMutableRawPointer.allocate(byteCount: HeldBytes.capacity, alignment: 16)
    private var start = 0
    /// Bytes that wait.
    private(set) var count = 0

    deinit { base.deallocate() }

    /// The bytes that wait, in order; valid until they change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: count) }

    /// Where further bytes go.
    var space: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + start + count, count: Self.capacity - start - count)
    }

    /// Counts bytes that were written to ``space``.
    mutating func add(_ length: Int) { count += length }

    /// Forgets the first bytes.
    mutating func drop(_ length: Int) {
        start += length
        count -= length
        if count == 0 { start = 0 }
    }
}
