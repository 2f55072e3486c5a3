/// Counters by key, at most ``keysMax`` of them: a new key beyond that pushes the oldest one out, and that is counted.
///
///     table:   hash ──► index of an entry (open addressing, twice as many places as entries)
///     entries: [key 128 bit │ start │ count │ older │ newer]   newest ──► … ──► oldest
///
/// Keys are kept as 128-bit keyed hashes: of any length, the same size, and nobody can send texts that fall together.
package final class KeyStore {
    /// Keys that are remembered.
    package static let keysMax = 100_000

    /// Keys that were pushed out to make room.
    package private(set) var evictedCount = 0
    /// Keys remembered now.
    package private(set) var count = 0

    /// What is known of a key.
    struct Entry {
        var key: KeyHash
        /// When its current window began, nanoseconds.
        var start: Int64
        /// Calls in the current window.
        var count: Int64
        fileprivate var older: Int32
        fileprivate var newer: Int32
    }

    private let limit: Int
    private var capacity = 0
    private var entries: UnsafeMutablePointer<Entry>
    private var places: UnsafeMutablePointer<Int32>
    private var mask = 0
    private var newest: Int32 = -1
    private var oldest: Int32 = -1

    /// An empty store; a smaller `limit` is for tests.
    package init(limit: Int = KeyStore.keysMax) {
        precondition(limit > 0 && limit <= KeyStore.keysMax, "a key store holds 1 to \(KeyStore.keysMax) keys")
        self.limit = limit
        entries = .allocate(capacity: 0)
        places = .allocate(capacity: 0)
    }

    deinit {
        entries.deallocate()
        places.deallocate()
    }

    /// The entry of a key, made when it is new (`start` 0 and `count` 0 then). Valid until the next call.
    func entry(_ key: KeyHash) -> (entry: UnsafeMutablePointer<Entry>, isNew: Bool) {
        if capacity > 0, let index = find(key) { return (entries + Int(index), false) }
        var index = Int32(count)
        if count == limit {
            index = oldest
            remove(entries[Int(index)].key)
            unlink(index)
            evictedCount += 1
        } else {
            if count == capacity { grow() }
            count += 1
        }
        // SAFETY: `index` is below `capacity`; entries are plain values.
        (entries + Int(index)).initialize(to: Entry(key: key, start: 0, count: 0, older: -1, newer: -1))
        link(index)
        insert(index)
        return (entries + Int(index), true)
    }

    /// Makes an entry the newest: its window began anew.
    func renew(_ entry: UnsafeMutablePointer<Entry>) {
        let index = Int32(entry - entries)
        if index == newest { return }
        unlink(index)
        link(index)
    }

    // MARK: - The table

    private func find(_ key: KeyHash) -> Int32? {
        var place = Int(truncatingIfNeeded: key.low) & mask
        while places[place] >= 0 {
            if entries[Int(places[place])].key == key { return places[place] }
            place = (place + 1) & mask
        }
        return nil
    }

    private func insert(_ index: Int32) {
        var place = Int(truncatingIfNeeded: entries[Int(index)].key.low) & mask
        while places[place] >= 0 { place = (place + 1) & mask }
        places[place] = index
    }

    /// Takes a key out and moves later ones of its run back, so that no marks of deletion are needed.
    private func remove(_ key: KeyHash) {
        var hole = Int(truncatingIfNeeded: key.low) & mask
        while entries[Int(places[hole])].key != key { hole = (hole + 1) & mask }
        var place = hole
        while true {
            place = (place + 1) & mask
            if places[place] < 0 { break }
            let home = Int(truncatingIfNeeded: entries[Int(places[place])].key.low) & mask
            if (place - home) & mask >= (place - hole) & mask {
                places[hole] = places[place]
                hole = place
            }
        }
        places[hole] = -1
    }

    private func grow() {
        let wider = min(limit, max(64, capacity * 2))
        let moved = UnsafeMutablePointer<Entry>.allocate(capacity: wider)
        moved.moveInitialize(from: entries, count: count)
        entries.deallocate()
        entries = moved
        capacity = wider
        var size = 128
        while size < wider * 2 { size *= 2 }
        places.deallocate()
        places = .allocate(capacity: size)
        places.initialize(repeating: -1, count: size)
        mask = size - 1
        for index in 0..<count { insert(Int32(index)) }
    }

    // MARK: - The order of age

    private func link(_ index: Int32) {
        entries[Int(index)].older = newest
        entries[Int(index)].newer = -1
        if newest >= 0 { entries[Int(newest)].newer = index } else { oldest = index }
        newest = index
    }

    private func unlink(_ index: Int32) {
        let (older, newer) = (entries[Int(index)].older, entries[Int(index)].newer)
        if older >= 0 { entries[Int(older)].newer = newer } else { oldest = newer }
        if newer >= 0 { entries[Int(newer)].older = older } else { newest = older }
    }
}
