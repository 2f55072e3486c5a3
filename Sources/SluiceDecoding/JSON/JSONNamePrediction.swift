internal import CSluice
internal import SluiceEvent

/// Which name followed which in the events before: a small table by the id of the name before.
///
/// A field that is sometimes missing disturbs only the place where it is missing.
final class JSONNamePrediction {
    /// A name with quotes and colon.
    struct Entry {
        /// `"name":` as the table of names holds it, with readable bytes behind.
        var json: UnsafePointer<UInt8>
        /// Its bytes; 0 is no prediction.
        var length: UInt32
        var key: UInt16

        /// The entry of a listed name.
        @inline(__always)
        init(_ key: UInt16) {
            let listed = sl_key_at(key)!
            json = UnsafeRawPointer(listed.pointee.json).assumingMemoryBound(to: UInt8.self)
            length = listed.pointee.json_length
            self.key = key
        }
    }

    /// Entries, a power of two.
    private static let count = 128
    /// Makes an index of the id of the name before.
    static let mask: UInt16 = 127
    /// The table. A pointer, so that the reader pays for no check of exclusive access.
    let entries: UnsafeMutablePointer<Entry>

    init() {
        entries = .allocate(capacity: Self.count)
        var none = Entry(UInt16(SL_KEY_TIMESTAMP))
        none.length = 0
        entries.initialize(repeating: none, count: Self.count)
    }

    deinit { entries.deallocate() }
}
