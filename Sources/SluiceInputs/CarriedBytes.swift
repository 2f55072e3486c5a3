/// Bytes that no frame took yet, between two batches.
struct CarriedBytes: ~Copyable {
    private var base = UnsafeMutableRawPointer.allocate(byteCount: 4_096, alignment: 16)
    private var capacity = 4_096
    private var count = 0

    deinit { base.deallocate() }

    /// The bytes; valid until they change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Takes a copy in place of what was there.
    mutating func replace(with source: UnsafeRawBufferPointer) {
        if source.count > capacity {
            base.deallocate()
            capacity = max(source.count, 2 * capacity)
            base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        }
        if let start = source.baseAddress { base.copyMemory(from: start, byteCount: source.count) }
        count = source.count
    }
}
