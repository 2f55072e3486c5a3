import GRDB
import GRDBSQLite

/// A value to put into a statement.
enum Value {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
    /// Bytes that stay where they are until the statement has run: not copied.
    case memory(UnsafeRawBufferPointer)

    /// Text, or null.
    static func optional(_ text: String?) -> Value { text.map { .text($0) } ?? .null }

    /// A number, or null.
    static func optional(_ number: Int64?) -> Value { number.map { .integer($0) } ?? .null }
}

/// One prepared statement at work.
///
/// GRDB opens, serialises, prepares and caches; values go in and out through SQLite's own functions, because GRDB's type for bytes
/// is Foundation's.
struct Query: ~Copyable {
    private let statement: Statement
    private let handle: OpaquePointer
    private let path: String

    /// The statement for `sql`, prepared once for each connection.
    init(_ connection: Connection, _ sql: String) throws(StoreError) {
        do {
            statement = try connection.database.cachedStatement(sql: sql)
        } catch {
            throw connection.error(error)
        }
        handle = statement.sqliteStatement
        path = connection.path
    }

    deinit {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// Runs to the end with these values.
    func run(_ values: [Value] = []) throws(StoreError) {
        try start(values)
        while try step() {}
        sqlite3_reset(handle)
    }

    /// Puts values in and stands before the first row.
    func start(_ values: [Value]) throws(StoreError) {
        sqlite3_reset(handle)
        for (index, value) in values.enumerated() {
            let code = bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else { throw failure(code) }
        }
    }

    /// Goes to the next row; false behind the last one.
    func step() throws(StoreError) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure(code)
        }
    }

    /// The current row.
    var row: Row { Row(handle: handle) }

    private func bind(_ value: Value, at index: Int32) -> Int32 {
        // SAFETY: -1 is SQLite's constant for “copy it now”; a C macro that Swift does not see.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let number): return sqlite3_bind_int64(handle, index, number)
        case .text(let text):
            var text = text
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { chars in
                    sqlite3_bind_text(handle, index, chars.baseAddress ?? Query.nothing, Int32(clamping: chars.count), copied)
                }
            }
        case .bytes(let bytes):
            return bytes.withUnsafeBytes {
                sqlite3_bind_blob64(handle, index, $0.baseAddress ?? .init(Query.nothing), UInt64($0.count), copied)
            }
        case .memory(let bytes):
            return sqlite3_bind_blob64(handle, index, bytes.baseAddress ?? .init(Query.nothing), UInt64(bytes.count), nil)
        }
    }

    private func failure(_ code: Int32) -> StoreError {
        let connection = sqlite3_db_handle(handle)
        let message = sqlite3_errmsg(connection).map { String(cString: $0) } ?? ""
        let system = sqlite3_system_errno(connection)
        sqlite3_reset(handle)
        return StoreError(result: ResultCode(rawValue: code), message: message, path: path, system: system)
    }

    /// An address for empty values: a null pointer would make them SQL's NULL.
    // SAFETY: allocated once, never written, lives as long as the process.
    private nonisolated(unsafe) static let nothing = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
}

/// The row that a query stands on; columns count from 0.
struct Row {
    fileprivate let handle: OpaquePointer

    /// A column as a number, 0 for null.
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    /// A column as a number.
    func int(_ column: Int32) -> Int { Int(sqlite3_column_int64(handle, column)) }

    /// Whether a column holds nothing.
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// A column as text, empty for null.
    func text(_ column: Int32) -> String { String(decoding: memory(column), as: UTF8.self) }

    /// A column as text, nil for null.
    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// A column's bytes, copied.
    func bytes(_ column: Int32) -> [UInt8] { [UInt8](memory(column)) }

    /// A column's bytes where SQLite has them, until the query's next step.
    func memory(_ column: Int32) -> UnsafeRawBufferPointer {
        // SAFETY: SQLite keeps the bytes until the statement is stepped or reset; the order of the two calls is the documented one.
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }
}
