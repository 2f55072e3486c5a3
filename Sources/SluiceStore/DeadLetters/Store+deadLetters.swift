extension Store {
    /// Letters that one transaction of a purge removes at most: checkpoints get their turn in between.
    private static let purgeLettersMax = 1_000
    /// Bytes of letters that one transaction of a purge removes at most.
    private static let purgeBytesMax = 8 << 20
    /// Pages of 4 KiB that one transaction gives back at most.
    private static let shrinkPagesMax: Int64 = 2_048

    /// One page of dead letters.
    package func letters(_ query: DeadLetterQuery = DeadLetterQuery()) throws(StoreError) -> [DeadLetter] {
        try file.read { connection throws(StoreError) in try DeadLetters(connection: connection).list(query) }
    }

    /// One dead letter.
    package func letter(_ id: Int64) throws(StoreError) -> DeadLetter? {
        try file.read { connection throws(StoreError) in try DeadLetters(connection: connection).letter(id) }
    }

    /// How many dead letters there are; not counted, looked up.
    package func letterTotals() throws(StoreError) -> DeadLetterTotals {
        try file.read { connection throws(StoreError) in try DeadLetters(connection: connection).totals() }
    }

    /// Removes these letters, in one transaction; ids that are gone already are passed over. Answers what went.
    package func removeLetters(_ ids: [Int64]) throws(StoreError) -> DeadLetterTotals {
        try file.write { connection throws(StoreError) in try DeadLetters(connection: connection).remove(ids) }
    }

    /// Removes all letters that failed before a moment (nanoseconds since 1970 UTC), or all that there are now, and gives the space
    /// back to the disk. Works through them in small transactions: when it throws, some are gone and some are still there.
    package func purgeLetters(before time: Int64? = nil) throws(StoreError) -> DeadLetterTotals {
        var removed = DeadLetterTotals()
        let last = try file.read { connection throws(StoreError) in try connection.number("SELECT MAX(id) FROM letters") }
        while true {
            let more = try file.write { connection throws(StoreError) in
                let letters = DeadLetters(connection: connection)
                let ids = try letters.oldest(before: time, count: Store.purgeLettersMax, bytes: Store.purgeBytesMax)
                return try letters.remove(ids.prefix { $0 <= last })
            }
            guard more.count > 0 else { break }
            removed.count += more.count
            removed.bytes += more.bytes
        }
        try shrink()
        return removed
    }

    /// Gives free pages back to the disk.
    func shrink() throws(StoreError) {
        while true {
            let free = try file.read { connection throws(StoreError) in
                let free = try connection.number("PRAGMA freelist_count")
                if free > 0 { try connection.run("PRAGMA incremental_vacuum(\(Store.shrinkPagesMax))") }
                return free
            }
            guard free > Store.shrinkPagesMax else { break }
        }
        // The file itself becomes shorter when the WAL is written back; a reader in the way puts that off to the next time.
        try file.read { connection throws(StoreError) in try connection.run("PRAGMA wal_checkpoint(TRUNCATE)") }
    }
}
