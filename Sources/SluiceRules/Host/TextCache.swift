import SluiceEvent

/// Values made from texts (compiled formats, networks, patterns), found again by the text's bytes. Bounded: a new text takes
/// the place of one with the same last bits of the hash.
struct TextCache<Value> {
    private struct Entry {
        var text: [UInt8]
        var value: Value
    }

    private var entries: [Entry?]

    /// An empty cache of a power of two of entries.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a cache's capacity is a power of two")
        entries = Array(repeating: nil, count: capacity)
    }

    /// The value of a text, made by `make` when it is not there.
    mutating func value<Failure: Error>(
        _ text: UnsafeRawBufferPointer, _ make: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let place = TextCache.hash(text) & (entries.count - 1)
        if let entry = entries[place], TextCache.equals(entry.text, text) { return entry.value }
        let value = try make(text)
        entries[place] = Entry(text: Array(text), value: value)
        return value
    }

    private static func hash(_ text: UnsafeRawBufferPointer) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32))
    }

    private static func equals(_ entry: [UInt8], _ text: UnsafeRawBufferPointer) -> Bool {
        entry.count == text.count && entry.elementsEqual(text)
    }
}

/// The caches of a lane.
struct HostCaches {
    var zones = TextCache<Zone>(capacity: 64)
    var formats = TextCache<TimeFormat>(capacity: 64)
    var networks = TextCache<IPNetwork?>(capacity: 256)
}
