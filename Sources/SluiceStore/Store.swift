import GRDB

/// The embedded database of everything durable.
package enum StoreFile {
    /// SQLite's version.
    package static func version() throws -> String? {
        try DatabaseQueue().read { try String.fetchOne($0, sql: "SELECT sqlite_version()") }
    }
}
