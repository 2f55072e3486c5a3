import Glibc
package import SluiceComponent
import Synchronization

/// A queue of parcels on disk, in front of one output: `data_dir/buffers/OUTPUT.db`.
///
/// What ``append(_:time:)`` has taken survives `kill -9`, and with `isDurable` the loss of power. It leaves in the order it came.
/// There is one connection that keeps all others out; calls may be made from any thread and wait for each other. Peeking and
/// removing do not wait for the disk. Space is used again; when the buffer becomes empty and its file is large, the file shrinks.
/// When the disk is full, calls throw (``StoreError/Code/full``), nothing changes, and later ones may succeed.
package final class DiskBuffer: Sendable {
    /// What a buffer holds.
    package struct Level: Sendable, Equatable {
        package var parcels = 0
        package var events = 0
        /// What counts for `max_size`: records, packed events, paths, and 64 a parcel.
        package var bytes = 0
        /// When the oldest parcel was taken, nanoseconds since 1970 UTC; nil when the buffer is empty.
        package var oldest: Int64?

        /// A level.
        package init(parcels: Int = 0, events: Int = 0, bytes: Int = 0, oldest: Int64? = nil) {
            self.parcels = parcels
            self.events = events
            self.bytes = bytes
            self.oldest = oldest
        }
    }

    /// A file larger than this shrinks when the buffer becomes empty.
    static let idleFileBytesMax: Int64 = 32 << 20
    private static let columns = "id, time, parts, letters, bytes"

    let file: DatabaseFile
    private let isDurable: Bool
    private let limit: Atomic<Int>
    /// Held for the whole of a change, so that two writers cannot miss each other's.
    private let state: Mutex<State>
    /// What ``level`` answers while a change is under way.
    private let published: Mutex<Level>

    private struct State {
        var level = Level()
        var lastID: Int64 = 0
    }

    /// Opens a buffer, or makes it and its folder (modes 0600 and 0700).
    package init(path: String, bytesMax: Int, isDurable: Bool) throws(StoreError) {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        if !folder.isEmpty, mkdir(folder, 0o700) != 0, errno != EEXIST { throw .system("create", folder, errno) }
        file = try DatabaseFile(path: path, schema: .buffer, settings: DiskBuffer.settings)
        self.isDurable = isDurable
        limit = Atomic(bytesMax)
        let state = try file.read { connection throws(StoreError) in try DiskBuffer.state(connection) }
        published = Mutex(state.level)
        self.state = Mutex(state)
    }

    /// Parcels of 256 KiB are pages by the dozen: large ones make fewer.
    private static var settings: DatabaseFile.Settings {
        DatabaseFile.Settings(pageBytes: 16 << 10, isExclusive: true, cacheKibibytes: 4096, walBytes: 16 << 20, busySeconds: 0)
    }

    /// What is in the buffer. Never waits for the disk.
    package var level: Level { published.withLock { $0 } }

    /// `buffer.max_size`; may change at a reload. What is in the buffer stays in it.
    package var bytesMax: Int {
        get { limit.load(ordering: .relaxed) }
        set { limit.store(newValue, ordering: .relaxed) }
    }

    /// Takes parcels in order, in one transaction, as long as they fit; answers how many it took. Fewer than were given means that
    /// the buffer is full. An empty buffer takes a first parcel of any size: it would wait for ever otherwise.
    package func append(_ parcels: [Parcel], time: Int64) throws(StoreError) -> Int {
        let limit = bytesMax
        return try change(durable: isDurable) { connection, state throws(StoreError) in
            let first = state.lastID
            for parcel in parcels {
                let parts = StoredParts.encode(parcel.parts)
                let size = BufferedParcel.size(parcel, parts: parts)
                guard state.level.parcels == 0 || state.level.bytes + size <= limit else { break }
                state.lastID += 1
                let events = parcel.events
                try connection.run(
                    "INSERT INTO parcels (id, time, events, size, parts, letters, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        .integer(state.lastID), .integer(time), .integer(Int64(events)), .integer(Int64(size)), .bytes(parts),
                        BufferedParcel.memory(parcel.letters), BufferedParcel.memory(parcel.bytes),
                    ])
                state.level.parcels += 1
                state.level.events += events
                state.level.bytes += size
                state.level.oldest = state.level.oldest ?? time
            }
            return Int(state.lastID - first)
        }
    }

    /// Copies of the oldest parcels behind `id`: as many as `bytes` hold, at least one when there is one. They stay in the buffer.
    package func peek(after id: Int64 = 0, bytes: Int) throws(StoreError) -> [BufferedParcel] {
        try file.read { connection throws(StoreError) in
            var parcels: [BufferedParcel] = []
            var sum = 0
            let query = "SELECT \(DiskBuffer.columns), size FROM parcels WHERE id > ? ORDER BY id"
            try connection.rows(query, [.integer(id)]) { row throws(StoreError) in
                sum += row.int(5)
                guard parcels.isEmpty || sum <= bytes else { return false }
                parcels.append(try BufferedParcel(row, path: file.path))
                return sum < bytes
            }
            return parcels
        }
    }

    /// Removes the parcels up to `id`: they were delivered. Not durable: with the power the last removals may be lost, and what
    /// they removed is delivered again.
    package func remove(through id: Int64) throws(StoreError) {
        _ = try change(durable: false) { connection, state throws(StoreError) in
            try DiskBuffer.remove(from: 0, through: id, connection, &state)
        }
        shrinkWhenEmpty()
    }

    /// Gives up the oldest parcels behind `id` (what is being delivered right now is before it) until at least `bytes` of them
    /// are gone; answers what went.
    package func dropOldest(bytes: Int, after id: Int64 = 0) throws(StoreError) -> Level {
        let dropped = try change(durable: isDurable) { connection, state throws(StoreError) in
            var last = id
            var sum = 0
            try connection.rows("SELECT id, size FROM parcels WHERE id > ? ORDER BY id", [.integer(id)]) { row in
                guard sum < bytes else { return false }
                last = row.integer(0)
                sum += row.int(1)
                return true
            }
            return try DiskBuffer.remove(from: id, through: last, connection, &state)
        }
        shrinkWhenEmpty()
        return dropped
    }

    /// Closes the file. What is in the buffer stays there.
    package func close() throws(StoreError) { try file.close() }

    /// Runs `body` in a transaction with a copy of the state, which becomes the state when the transaction was committed.
    private func change<Result: Sendable>(
        durable: Bool, _ body: (Connection, inout State) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try state.withLock { state throws(StoreError) in
            let before = state
            let (after, result) = try file.write(durable: durable) { connection throws(StoreError) in
                var after = before
                let result = try body(connection, &after)
                try connection.run(
                    "UPDATE totals SET last_id = ?, count = ?, events = ?, size = ?",
                    [
                        .integer(after.lastID), .integer(Int64(after.level.parcels)), .integer(Int64(after.level.events)),
                        .integer(Int64(after.level.bytes)),
                    ])
                return (after, result)
            }
            state = after
            published.withLock { $0 = after.level }
            return result
        }
    }

    /// Removes the parcels behind `first` up to `last`; answers what went.
    private static func remove(
        from first: Int64, through last: Int64, _ connection: Connection, _ state: inout State
    ) throws(StoreError) -> Level {
        let range: [Value] = [.integer(first), .integer(last)]
        var removed = Level()
        try connection.rows("SELECT size, events, time FROM parcels WHERE id > ? AND id <= ? ORDER BY id", range) { row in
            removed.parcels += 1
            removed.bytes += row.int(0)
            removed.events += row.int(1)
            removed.oldest = removed.oldest ?? row.integer(2)
            return true
        }
        guard removed.parcels > 0 else { return removed }
        try connection.run("DELETE FROM parcels WHERE id > ? AND id <= ?", range)
        state.level.parcels -= removed.parcels
        state.level.bytes -= removed.bytes
        state.level.events -= removed.events
        state.level.oldest = try oldest(connection)
        return removed
    }

    private static func oldest(_ connection: Connection) throws(StoreError) -> Int64? {
        try connection.first("SELECT time FROM parcels ORDER BY id LIMIT 1") { $0.integer(0) }
    }

    private static func state(_ connection: Connection) throws(StoreError) -> State {
        let oldest = try oldest(connection)
        return try connection.first("SELECT last_id, count, events, size FROM totals") { row in
            State(level: Level(parcels: row.int(1), events: row.int(2), bytes: row.int(3), oldest: oldest), lastID: row.integer(0))
        } ?? State()
    }

    /// Copying what is in an empty database into a new file takes no time and leaves none of the old one's pages. When it fails the
    /// file just stays as large as it is.
    private func shrinkWhenEmpty() {
        guard level.parcels == 0 else { return }
        try? file.read { connection throws(StoreError) in
            guard try connection.number("PRAGMA page_count") * Int64(DiskBuffer.settings.pageBytes) > DiskBuffer.idleFileBytesMax,
                try connection.number("SELECT count FROM totals") == 0
            else { return }
            try connection.run("VACUUM")
            try connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }
}
