import GRDB
import GRDBSQLite

/// An open database, inside a call that has it for itself.
struct Connection {
    let database: Database
    let path: String

    /// The id of the row that was inserted last.
    var lastID: Int64 { database.lastInsertedRowID }

    /// Runs one statement.
    func run(_ sql: String, _ values: [Value] = []) throws(StoreError) {
        try Query(self, sql).run(values)
    }

    /// Hands each row to `body` until it answers false.
    func rows(_ sql: String, _ values: [Value] = [], _ body: (Row) throws(StoreError) -> Bool) throws(StoreError) {
        let query = try Query(self, sql)
        try query.start(values)
        while try query.step() {
            guard try body(query.row) else { return }
        }
    }

    /// What `body` makes of the first row; nil when there is none.
    func first<Result>(
        _ sql: String, _ values: [Value] = [], _ body: (Row) throws(StoreError) -> Result
    ) throws(StoreError) -> Result? {
        let query = try Query(self, sql)
        try query.start(values)
        return try query.step() ? try body(query.row) : nil
    }

    /// The first column of the first row as a number; 0 when there is no row.
    func number(_ sql: String, _ values: [Value] = []) throws(StoreError) -> Int64 {
        try first(sql, values) { $0.integer(0) } ?? 0
    }

    /// Runs statements, one behind the other, that give no rows and take no values.
    func script(_ sql: String) throws(StoreError) {
        let code = sqlite3_exec(database.sqliteConnection, sql, nil, nil, nil)
        guard code == SQLITE_OK else {
            throw error(DatabaseError(resultCode: ResultCode(rawValue: code), message: database.lastErrorMessage))
        }
    }

    /// What SQLite or GRDB threw, as an error of ours.
    func error(_ error: any Error) -> StoreError {
        StoreError(error, path: path, system: database.sqliteConnection.map { sqlite3_system_errno($0) } ?? 0)
    }
}
