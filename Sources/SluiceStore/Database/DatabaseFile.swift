import GRDB
import GRDBSQLite
import Glibc
import Synchronization

/// One SQLite file in WAL mode with one connection. Calls from several threads go one after the other.
final class DatabaseFile: Sendable {
    /// How a file is opened.
    struct Settings {
        /// Set when the file is made, kept afterwards.
        var pageBytes = 4096
        /// Whether pages can be given back one by one (`incremental_vacuum`).
        var isShrinkable = false
        /// Keeps every other connection out; saves the shared memory file and the locking.
        var isExclusive = false
        var isReadOnly = false
        /// Pages in memory.
        var cacheKibibytes = 2048
        /// The WAL is written back to the file when it has grown to this.
        var walBytes = 4 << 20
        /// How long a call waits for other connections.
        var busySeconds = 5
    }

    let path: String
    private let queue: DatabaseQueue
    private let isClosed = Atomic(false)

    /// Opens `path`, or makes it with mode 0600, and brings its schema up to date. A reader neither makes nor changes anything.
    init(path: String, schema: DatabaseSchema, settings: Settings) throws(StoreError) {
        self.path = path
        let isNew = try DatabaseFile.prepare(path, settings)
        var configuration = Configuration()
        configuration.readonly = settings.isReadOnly
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(Double(settings.busySeconds))
        configuration.prepareDatabase { database in
            let connection = Connection(database: database, path: path)
            for pragma in DatabaseFile.pragmas(settings, isNew: isNew) { try connection.script("PRAGMA " + pragma) }
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw StoreError(error, path: path, system: error is DatabaseError ? DatabaseFile.fault(path, settings) : 0)
        }
        if settings.isReadOnly {
            let found = try read { connection throws(StoreError) in try schema.check(connection) }
            guard found == schema.version else {
                throw StoreError(.missing, "`\(path)` is empty or of an older sluice (schema \(found)); start the service once")
            }
        } else {
            try write(durable: true) { connection throws(StoreError) in _ = try schema.migrate(connection) }
        }
    }

    /// Reads, or runs what needs no transaction. Blocks while another call has the file.
    func read<Result>(_ body: (Connection) throws(StoreError) -> Result) throws(StoreError) -> Result {
        let outcome: Swift.Result<Result, StoreError> = queue.writeWithoutTransaction { database in
            guard !isClosed.load(ordering: .acquiring) else { return .failure(closed) }
            do throws(StoreError) {
                return .success(try body(Connection(database: database, path: path)))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Writes in one transaction: all of it or, when `body` throws or the disk is full, nothing. `durable` waits until the disk has
    /// it; otherwise it survives the end of the process at any moment, and the last moments may be lost with the power.
    ///
    /// A full disk gets a second try after the WAL was written back, which makes room in it.
    func write<Result>(durable: Bool = false, _ body: (Connection) throws(StoreError) -> Result) throws(StoreError) -> Result {
        try read { connection throws(StoreError) in
            if durable { try connection.script("PRAGMA synchronous = FULL") }
            defer { if durable { try? connection.script("PRAGMA synchronous = NORMAL") } }
            do throws(StoreError) {
                return try transaction(connection, body)
            } catch {
                guard error.code == .full, (try? connection.run("PRAGMA wal_checkpoint(RESTART)")) != nil else { throw error }
                return try transaction(connection, body)
            }
        }
    }

    /// Closes the file; every later call throws. Waits for the call that has it.
    func close() throws(StoreError) {
        queue.writeWithoutTransaction { _ in isClosed.store(true, ordering: .releasing) }
        do {
            try queue.close()
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private var closed: StoreError { StoreError(.closed, "`\(path)` was closed before this use of it") }

    private func transaction<Result>(
        _ connection: Connection, _ body: (Connection) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        var result: Result?
        do {
            try connection.database.inTransaction(.immediate) {
                result = try body(connection)
                return .commit
            }
        } catch {
            let error = connection.error(error)
            // GRDB takes a `BEGIN` that fails for one that did not begin.
            if connection.database.isInsideTransaction { try? connection.database.rollback() }
            throw error
        }
        guard let result else { preconditionFailure("a transaction ended without a result or an error") }
        return result
    }

    private static func pragmas(_ settings: Settings, isNew: Bool) -> [String] {
        let common = ["cache_size = -\(settings.cacheKibibytes)", "temp_store = MEMORY", "cell_size_check = ON"]
        if settings.isReadOnly { return common }
        let form = ["page_size = \(settings.pageBytes)", "auto_vacuum = \(settings.isShrinkable ? "INCREMENTAL" : "NONE")"]
        return (isNew ? form : []) + [
            "locking_mode = \(settings.isExclusive ? "EXCLUSIVE" : "NORMAL")", "journal_mode = WAL", "synchronous = NORMAL",
            "wal_autocheckpoint = \(max(settings.walBytes / settings.pageBytes, 1))", "journal_size_limit = \(settings.walBytes)",
        ] + common
    }

    /// Makes the file with its mode before SQLite does, and closes it to others when it is ours. Its `-wal` and `-shm` get the same.
    /// Answers whether nothing was ever written to it.
    private static func prepare(_ path: String, _ settings: Settings) throws(StoreError) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw StoreError(.cannotCreate, "cannot open `\(path)`: not a file; move it away")
            }
            if !settings.isReadOnly, status.st_mode & 0o077 != 0, status.st_uid == geteuid() {
                guard chmod(path, 0o600) == 0 else { throw .system("restrict", path, errno) }
            }
            return status.st_size == 0
        }
        guard errno == ENOENT, !settings.isReadOnly else { throw .system("open", path, errno) }
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("create", path, errno) }
        Glibc.close(file)
        return true
    }

    /// Why SQLite could not open a file: it does not say when its handle is gone.
    private static func fault(_ path: String, _ settings: Settings) -> Int32 {
        access(path, settings.isReadOnly ? R_OK : R_OK | W_OK) == 0 ? 0 : errno
    }
}
