/// What a database file of ours looks like, and how an older one becomes it.
struct DatabaseSchema {
    /// SQLite's `application_id`: tells our files from others.
    let applicationID: Int32
    /// Scripts: the n-th one leads from version n to n + 1, the first one makes a new file. Never changed once released.
    let steps: [String]

    /// The version that this program writes.
    var version: Int { steps.count }

    /// Brings a file up to date, in one transaction. Answers the version that it had.
    @discardableResult
    func migrate(_ connection: Connection) throws(StoreError) -> Int {
        let found = try check(connection)
        for step in steps[found...] {
            try connection.script(step)
        }
        if found < version {
            try connection.script("PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
        }
        return found
    }

    /// The version of a file that this program can use; 0 for an empty one.
    func check(_ connection: Connection) throws(StoreError) -> Int {
        let found = try Int(connection.number("PRAGMA user_version"))
        let application = try connection.number("PRAGMA application_id")
        let tables = try connection.number("SELECT COUNT(*) FROM sqlite_master")
        guard application == Int64(applicationID) || (application == 0 && found == 0 && tables == 0) else {
            throw StoreError(
                .corrupt, "`\(connection.path)` is a database of another program; left as it is; move it away or set another `data_dir`")
        }
        guard found <= version else {
            throw StoreError(
                .newerSchema,
                "`\(connection.path)` was written by a newer sluice (schema \(found), this one knows \(version)); left as it is; "
                    + "run the newer one or set another `data_dir`")
        }
        return found
    }
}
