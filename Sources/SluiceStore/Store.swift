package import SluiceComponent
import Glibc
import Synchronization

/// Everything durable of one service but the disk buffers: positions, rules' states, dead letters, the last good rules.
///
/// One process at a time has a data directory (``StoreError/Code/inUse``); others look at it with ``StoreReader``. Every call may be
/// made from any thread and blocks: for the calls before it, since there is one connection; for the disk where “durable” is said;
/// for at most five seconds while a reader is in the way. A checkpoint takes about 60 µs; so that it never waits long, large work
/// (purging, giving space back) is done in small transactions. After a throw the database is as it was before the call.
package final class Store: Sendable {
    /// What the store is opened for.
    package enum Purpose: Sendable {
        /// To run: the end of this run is noted, or missed, by ``Store/close()``.
        case service
        /// To look after what a stopped service left (`dead-letters purge`): whether that one ended cleanly stays as it is.
        case maintenance
    }

    /// Whether the last service said goodbye (``close()``); true for a new data directory.
    package let wasClosedCleanly: Bool
    /// The folder that was opened.
    package let folder: String
    // The lock is declared behind the file: it is let go of when the file is closed.
    let file: DatabaseFile
    private let purpose: Purpose
    private let limit: Mutex<DeadLetterLimit>
    private let lock: Mutex<FolderLock?>

    /// Opens the data directory, or makes it (mode 0700; the folder above it must be there), and `sluice.db` in it (mode 0600).
    package init(
        folder: String, for purpose: Purpose = .service, letterLimit: DeadLetterLimit = DeadLetterLimit()
    ) throws(StoreError) {
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw .system("create", folder, errno) }
        let lock = try FolderLock(folder: folder)
        file = try DatabaseFile(path: Store.path(folder), schema: .store, settings: .init(isShrinkable: true))
        wasClosedCleanly = try file.read { connection throws(StoreError) in
            try connection.first("SELECT value FROM notes WHERE name = 'closed'") { $0.text(0) == "cleanly" } ?? true
        }
        if purpose == .service {
            try file.write(durable: true) { connection throws(StoreError) in try Store.note("closed", "not yet", connection) }
        }
        self.lock = Mutex(lock)
        self.folder = folder
        self.purpose = purpose
        limit = Mutex(letterLimit)
    }

    /// `dead_letters: { max_size, when_full }`; may change at a reload.
    package var letterLimit: DeadLetterLimit {
        get { limit.withLock { $0 } }
        set { limit.withLock { $0 = newValue } }
    }

    /// Says goodbye: the next run replays nothing. Durable; lets go of the data directory. Every later call throws.
    package func close() throws(StoreError) {
        if purpose == .service {
            try file.write(durable: true) { connection throws(StoreError) in try Store.note("closed", "cleanly", connection) }
        }
        try file.close()
        lock.withLock { $0 = nil }
    }

    /// Lets go of the data directory without saying goodbye, as the end of the process does.
    package func abandon() throws(StoreError) {
        try file.close()
        lock.withLock { $0 = nil }
    }

    // MARK: Checkpoints

    /// Saves what moved, in one transaction; dead letters first, and durable when there are any. Without letters it survives
    /// `kill -9`; the last moments may be lost with the power, which only means that more is read again.
    package func write(_ checkpoint: Checkpoint) throws(StoreError) -> CheckpointOutcome {
        let limit = letterLimit
        return try file.write(durable: !checkpoint.letters.isEmpty) { connection throws(StoreError) in
            guard let dropped = try DeadLetters(connection: connection).append(checkpoint.letters, limit) else { return .lettersFull }
            for state in checkpoint.states {
                try connection.run(
                    "INSERT OR REPLACE INTO states (rule, lane, version, bytes) VALUES (?, ?, ?, ?)",
                    [.text(state.rule), .integer(Int64(state.lane)), .optional(state.version), .bytes(state.bytes)])
            }
            for moved in checkpoint.positions {
                try Store.save(moved, connection)
            }
            return .written(lettersDropped: dropped)
        }
    }

    /// Saved positions of an input, by key.
    package func positions(input: String) throws(StoreError) -> [Position] {
        try file.read { connection throws(StoreError) in
            var positions: [Position] = []
            try connection.rows("SELECT key, value FROM positions WHERE input = ? ORDER BY key", [.text(input)]) { row in
                positions.append(Position(key: row.text(0), value: row.text(1)))
                return true
            }
            return positions
        }
    }

    /// Names of all inputs that have a saved position.
    package func inputs() throws(StoreError) -> [String] {
        try file.read { connection throws(StoreError) in
            var inputs: [String] = []
            try connection.rows("SELECT DISTINCT input FROM positions ORDER BY input") { row in
                inputs.append(row.text(0))
                return true
            }
            return inputs
        }
    }

    /// Forgets every position of an input: when it starts again it starts anew.
    package func forget(input: String) throws(StoreError) {
        try file.write { connection throws(StoreError) in
            try connection.run("DELETE FROM positions WHERE input = ?", [.text(input)])
        }
    }

    // MARK: States

    /// All saved states, by rule and lane.
    package func states() throws(StoreError) -> [RuleState] {
        try file.read { connection throws(StoreError) in
            var states: [RuleState] = []
            try connection.rows("SELECT rule, lane, version, bytes FROM states ORDER BY rule, lane") { row in
                states.append(
                    RuleState(
                        rule: row.text(0), lane: row.int(1), version: row.isNull(2) ? nil : row.integer(2), bytes: row.bytes(3)))
                return true
            }
            return states
        }
    }

    /// Forgets the states of these rules in all lanes; of all rules for nil (the number of lanes has changed).
    package func removeStates(rules: [String]? = nil) throws(StoreError) {
        try file.write { connection throws(StoreError) in
            guard let rules else { return try connection.run("DELETE FROM states") }
            for rule in rules {
                try connection.run("DELETE FROM states WHERE rule = ?", [.text(rule)])
            }
        }
    }

    // MARK: Notes

    /// A word that the service left itself (how many lanes the states belong to); nil when it never did.
    package func note(_ name: String) throws(StoreError) -> String? {
        try file.read { connection throws(StoreError) in
            try connection.first("SELECT value FROM notes WHERE name = ?", [.text("service." + name)]) { $0.text(0) }
        }
    }

    /// Leaves a word for the next run.
    package func setNote(_ name: String, _ value: String) throws(StoreError) {
        try file.write { connection throws(StoreError) in try Store.note("service." + name, value, connection) }
    }

    static func path(_ folder: String) -> String { folder + "/sluice.db" }

    private static func note(_ name: String, _ value: String, _ connection: Connection) throws(StoreError) {
        try connection.run("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", [.text(name), .text(value)])
    }

    private static func save(_ moved: InputPosition, _ connection: Connection) throws(StoreError) {
        guard let value = moved.position.value else {
            return try connection.run(
                "DELETE FROM positions WHERE input = ? AND key = ?", [.text(moved.input), .text(moved.position.key)])
        }
        try connection.run(
            "INSERT INTO positions (input, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            [.text(moved.input), .text(moved.position.key), .text(value)])
    }
}
