import Glibc
import SluiceComponent
import Testing

@testable import SluiceStore

@Suite struct StoreDamageTests {
    let folder = TemporaryFolder()

    @Test func `a file that is no database is reported and left as it is`() throws {
        let text = Array(String(repeating: "this is no database, ", count: 100).utf8)
        TemporaryFolder.write(text, to: folder("sluice.db"))
        let path = folder("sluice.db")
        #expect(
            throws: StoreError(
                .corrupt,
                "`\(path)` is damaged (file is not a database); left as it is; rescue what is in it with `sqlite3 \(path) .recover`, or "
                    + "move it and its `-wal` file away to start anew without it")
        ) { try Store(folder: folder.path) }
        #expect(TemporaryFolder.read(path) == text)
    }

    @Test func `damage in the middle is reported by the call that meets it`() throws {
        let store = try Store(folder: folder.path)
        let many = (0..<2_000).map { InputPosition(input: "a", position: Position(key: "key \($0)", value: "value")) }
        _ = try store.write(Checkpoint(positions: many))
        try store.close()
        var bytes = try #require(TemporaryFolder.read(folder("sluice.db")))
        for at in bytes.indices.dropFirst(4096) { bytes[at] = 0x5a }
        TemporaryFolder.write(bytes, to: folder("sluice.db"))
        let error = #expect(throws: StoreError.self) {
            let store = try Store(folder: folder.path)
            _ = try store.positions(input: "a")
        }
        #expect(error?.code == .corrupt)
    }

    @Test func `another program's database is refused`() throws {
        try Store(folder: folder.path).close()
        let file = try DatabaseFile(path: folder("sluice.db"), schema: .store, settings: .init())
        try file.write { connection throws(StoreError) in try connection.script("PRAGMA application_id = 7") }
        try file.close()
        #expect(
            throws: StoreError(
                .corrupt,
                "`\(folder.path)/sluice.db` is a database of another program; left as it is; move it away or set another `data_dir`")
        ) { try Store(folder: folder.path) }
    }

    @Test func `a newer sluice's database is refused and not changed`() throws {
        try Store(folder: folder.path).close()
        let newer = DatabaseSchema(
            applicationID: DatabaseSchema.store.applicationID, steps: DatabaseSchema.store.steps + ["CREATE TABLE new (a)"])
        try DatabaseFile(path: folder("sluice.db"), schema: newer, settings: .init()).close()
        let before = TemporaryFolder.read(folder("sluice.db"))
        let version = DatabaseSchema.store.version
        #expect(
            throws: StoreError(
                .newerSchema,
                "`\(folder.path)/sluice.db` was written by a newer sluice (schema \(version + 1), this one knows \(version)); left as it "
                    + "is; run the newer one or set another `data_dir`")
        ) { try Store(folder: folder.path) }
        #expect(TemporaryFolder.read(folder("sluice.db")) == before)
    }

    @Test func `an older database is brought up to date and keeps what it has`() throws {
        let store = try Store(folder: folder.path)
        _ = try store.write(Checkpoint(positions: [InputPosition(input: "a", position: Position(key: "k", value: "v"))]))
        try store.close()
        let next = DatabaseSchema(
            applicationID: DatabaseSchema.store.applicationID,
            steps: DatabaseSchema.store.steps + ["CREATE TABLE new (a)", "INSERT INTO new VALUES (5)"])
        let file = try DatabaseFile(path: folder("sluice.db"), schema: next, settings: .init())
        let values = try file.read { connection throws(StoreError) in
            [
                try connection.number("PRAGMA user_version"), try connection.number("SELECT a FROM new"),
                try connection.number("SELECT COUNT(*) FROM positions"),
            ]
        }
        #expect(values == [Int64(next.version), 5, 1])
        try file.close()
    }

    @Test func `a migration that fails leaves the older database`() throws {
        try Store(folder: folder.path).close()
        let broken = DatabaseSchema(
            applicationID: DatabaseSchema.store.applicationID,
            steps: DatabaseSchema.store.steps + ["CREATE TABLE new (a)", "INSERT INTO missing VALUES (5)"])
        #expect(throws: StoreError.self) { try DatabaseFile(path: folder("sluice.db"), schema: broken, settings: .init()) }
        try Store(folder: folder.path).close()
    }

    @Test func `a folder in the place of the database is named`() {
        mkdir(folder("sluice.db"), 0o700)
        #expect(throws: StoreError(.cannotCreate, "cannot open `\(folder.path)/sluice.db`: not a file; move it away")) {
            try Store(folder: folder.path)
        }
    }

    @Test func `a reader of an empty folder says that the service was never started`() {
        #expect(throws: StoreError(.missing, "cannot open `\(folder.path)/sluice.db`: No such file or directory")) {
            try StoreReader(folder: folder.path)
        }
    }
}
