import GRDB
import GRDBSQLite

@testable import SluiceStore

/// Ways to make writes fail that are SQLite's own.
extension DatabaseFile {
    /// Lets the file grow by so many pages and no more: SQLite answers as it does when the disk is full. Nil takes the bound away.
    func bound(morePages: Int64?) throws(StoreError) {
        try read { connection throws(StoreError) in
            let pages = try connection.number("PRAGMA page_count")
            try connection.run("PRAGMA max_page_count = \(morePages.map { pages + $0 } ?? 1_000_000_000)")
        }
    }

    /// Breaks off, once, the transaction that SQLite is in when SQLite has looked so many times whether it should.
    func breakOff(after looks: Int) throws(StoreError) {
        try read { connection throws(StoreError) in
            let fault = Unmanaged.passRetained(Fault(connection.database.sqliteConnection, looks)).toOpaque()
            sqlite3_progress_handler(
                connection.database.sqliteConnection, 1,
                { fault in fault.map { Unmanaged<Fault>.fromOpaque($0).takeUnretainedValue().answer() } ?? 0 }, fault)
        }
    }

    /// Takes the breaking off away.
    func breakOffNoMore() throws(StoreError) {
        try read { connection throws(StoreError) in sqlite3_progress_handler(connection.database.sqliteConnection, 0, nil, nil) }
    }
}

/// What SQLite asks at each step of its virtual machine that may jump.
private final class Fault {
    private let database: OpaquePointer?
    private var looks: Int

    init(_ database: OpaquePointer?, _ looks: Int) {
        self.database = database
        self.looks = looks
    }

    /// Outside of a transaction nothing is broken off: SQLite would answer that a commit failed which did not.
    func answer() -> Int32 {
        guard sqlite3_get_autocommit(database) == 0 else { return 0 }
        looks -= 1
        return looks == 0 ? 1 : 0
    }
}
