import CSluice
import SluiceConfig
import SluiceEvent

/// Which fields of a journal entry become which fields of its event.
struct JournalFields: Sendable {
    /// What becomes of a field.
    enum Use: UInt8, Sendable {
        case drop, keep
        case message, priority, facility, identifier, processID, hostname, time, cursor
        /// Stands in for an identifier or process number that is not there, and is a field of its own.
        case command, trustedID
    }

    /// The word for all fields.
    static let all = "all"
    private static let standard = "standard"

    /// Names that journald gives what syslog knows as well, and what becomes of them.
    private static let known: [(name: String, use: Use)] = [
        ("MESSAGE", .message), ("PRIORITY", .priority), ("SYSLOG_FACILITY", .facility), ("SYSLOG_IDENTIFIER", .identifier),
        ("SYSLOG_PID", .processID), ("_HOSTNAME", .hostname), ("__REALTIME_TIMESTAMP", .time), ("__CURSOR", .cursor),
        ("_COMM", .command), ("_PID", .trustedID),
    ]

    /// What `journalctl` is told about fields.
    let arguments: [String]
    /// What becomes of fields with other names.
    private let others: Use
    /// Uses by the number of a field's name.
    private let uses: [Use]
    private let keepsCommand: Bool
    private let keepsTrustedID: Bool

    /// The fields that an option names.
    init(_ names: [String]) throws(ConfigError) {
        let isAll = names == [Self.all]
        let listed = isAll || names == [Self.standard] ? [] : names
        for name in listed where name.isEmpty || name == Self.all || name == Self.standard || name.contains(",") {
            throw ConfigError(
                .invalidValue, "`\(name)` is no name of a field in `fields`; it takes `all`, `standard`, or a list of names", key: "fields")
        }
        // Cursor and times come anyway.
        let wanted = Self.known.map(\.name).filter { !$0.hasPrefix("__") } + listed
        arguments = isAll ? [] : ["--output-fields=" + wanted.joined(separator: ",")]
        others = isAll ? .keep : .drop
        keepsCommand = isAll || listed.contains("_COMM")
        keepsTrustedID = isAll || listed.contains("_PID")
        var uses: [Use] = []
        for (name, use) in listed.map({ ($0, Use.keep) }) + Self.known {
            guard let id = FieldKey(text: name).map({ Int($0.id) }) else { continue }
            if id >= uses.count { uses += [Use](repeating: isAll ? .keep : .drop, count: id + 1 - uses.count) }
            uses[id] = use
        }
        self.uses = uses
    }

    /// What becomes of a field.
    @inline(__always)
    func use(of key: UInt16) -> Use { Int(key) < uses.count ? uses[Int(key)] : others }

    /// What is left of a field whose value is not what it should be, or that only stood in for another.
    func rest(of use: Use) -> Use {
        switch use {
        case .command: keepsCommand ? .keep : .drop
        case .trustedID: keepsTrustedID ? .keep : .drop
        default: others
        }
    }
}
