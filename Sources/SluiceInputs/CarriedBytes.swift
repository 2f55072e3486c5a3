/// Bytes that no frame took yet, between two batches. An input may have thousands of streams, so that none costs memory while
/// nothing waits.
struct CarriedBytes: ~Copyable {
    /// Memory that is kept although nothing waits.
    private static let keptBytesMax = 64 << 10

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    /// How many wait.
    private(set) var count = 0

    deinit { base?.deallocate() }

    /// The bytes; valid until they change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Takes a copy in place of what was there.
    mutating func replace(with source: UnsafeRawBufferPointer) {
        if source.count > capacity || (source.count == 0 && capacity > Self.keptBytesMax) {
            base?.deallocate()
            base = nil
            capacity = 0
            if source.count > 0 {
                capacity = max(256, source.count + source.count / 2)
                base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            }
        }
        if let start = source.baseAddress, source.count > 0 { base?.copyMemory(from: start, byteCount: source.count) }
        count = source.count
    }
}
