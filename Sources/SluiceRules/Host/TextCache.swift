import Crypto
import Glibc
import SluiceEvent

#if Regex
    import SluiceRegex
#endif

/// Values made from texts (compiled formats, networks, patterns), found again by the text's bytes.
///
/// Bounded: each text has four places; when they are taken, the one used by the oldest newcomer is given up. A rule may write
/// its texts out at each call and pays for a hash and a comparison.
struct TextCache<Value> {
    private struct Entry {
        var text: [UInt8]
        var value: Value
    }

    private static var ways: Int { 4 }
    private var entries: [Entry?]
    private var turn = 0

    /// An empty cache; `capacity` is a power of two from 4.
    init(capacity: Int) {
        precondition(capacity >= 4 && capacity & (capacity - 1) == 0, "a cache's capacity is a power of two from 4")
        entries = Array(repeating: nil, count: capacity)
    }

    /// The value of a text, made by `make` when it is not there.
    mutating func value<Failure: Error>(
        _ text: UnsafeRawBufferPointer, _ make: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let first = TextCache.hash(text) & (entries.count - TextCache.ways)
        for place in first..<first + TextCache.ways {
            if let entry = entries[place], TextCache.equals(entry.text, text) { return entry.value }
        }
        let value = try make(text)
        turn = (turn + 1) & (TextCache.ways - 1)
        let place = (first..<first + TextCache.ways).first { entries[$0] == nil } ?? first + turn
        entries[place] = Entry(text: Array(text), value: value)
        return value
    }

    /// The same for a text put together for the purpose.
    mutating func value<Failure: Error>(_ text: [UInt8], _ make: () throws(Failure) -> Value) throws(Failure) -> Value {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: text)
        return try value(UnsafeRawBufferPointer(buffer)) { (_) throws(Failure) in try make() }
    }

    private static func hash(_ text: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(truncatingIfNeeded: text.count) &* 0x9E37_79B9_7F4A_7C15
        var index = 0
        while index + 8 <= text.count {
            hash = (hash ^ text.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x9FB2_1C65_1E98_DF25
            hash ^= hash >> 32
            index += 8
        }
        while index < text.count {
            hash = (hash ^ UInt64(text[index])) &* 0x9FB2_1C65_1E98_DF25
            index += 1
        }
        return Int(truncatingIfNeeded: hash ^ (hash >> 29))
    }

    private static func equals(_ entry: [UInt8], _ text: UnsafeRawBufferPointer) -> Bool {
        // SAFETY: both sides have `count` bytes.
        entry.count == text.count
            && (text.isEmpty || entry.withUnsafeBytes { memcmp($0.baseAddress!, text.baseAddress!, text.count) == 0 })
    }
}

/// The caches of a lane.
struct HostCaches {
    var zones = TextCache<Zone>(capacity: 64)
    var formats = TextCache<TimeFormat>(capacity: 64)
    var networks = TextCache<IPNetwork?>(capacity: 256)
    /// Codes that have taken in their key and nothing else.
    var hmacSHA256 = TextCache<HMAC<SHA256>>(capacity: 8)
    var hmacSHA512 = TextCache<HMAC<SHA512>>(capacity: 8)
    #if Regex
        var matchers = TextCache<PatternMatcher>(capacity: 256)
        var groks = TextCache<GrokMatcher>(capacity: 64)
    #endif
}
