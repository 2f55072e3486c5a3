import Logging
import SluiceConfig

/// One line of the service's own log.
struct LogLine: Sendable, Equatable {
    /// Bytes of a message that are written; the rest is cut.
    static let messageBytesMax = 16 << 10

    /// Nanoseconds since 1970 UTC.
    var time: Int64
    let level: Logger.Level
    let message: String
    /// Sorted by name.
    let fields: [(name: String, value: String)]

    init(time: Int64, level: Logger.Level, message: String, metadata: Logger.Metadata = [:]) {
        self.time = time
        self.level = level
        self.message = Self.cut(message)
        fields = metadata.map { (name: $0.key, value: Self.cut("\($0.value)")) }.sorted { $0.name < $1.name }
    }

    static func == (left: LogLine, right: LogLine) -> Bool { left.time == right.time && left.key == right.key }

    /// What makes two lines the same apart from their time.
    var key: String { "\(level)\u{0}\(message)\u{0}\(words)" }

    /// The line in its form, with its line end. Whatever the message holds, no line of it can be taken for another entry.
    func text(_ format: LogFormat) -> String {
        switch format {
        case .text(let paint):
            let name = "\(level)" + String(repeating: " ", count: max(0, Self.levelWidth - "\(level)".utf8.count))
            let lines = bodyLines
            let first = "\(paint(ReportTime.text(time), .aside)) \(level.meaning.map { paint(name, $0) } ?? name) \(lines[0])\n"
            return lines.dropFirst().reduce(first) { $0 + "    \($1)\n" }
        case .journald:
            let lines = bodyLines
            return lines.enumerated().map { "<\(level.priority)>\($0.offset > 0 ? "    " : "")\($0.element)\n" }.joined()
        case .json:
            let names = fields.map { ($0.name, JSONText.literal($0.value)) }
            return JSONText.object(
                [
                    ("time", JSONText.literal(ReportTime.text(time))), ("level", JSONText.literal("\(level)")),
                    ("message", JSONText.literal(message)),
                ] + (names.isEmpty ? [] : [("fields", JSONText.object(names))])) + "\n"
        }
    }

    /// Longest name of a level that this program uses.
    private static let levelWidth = 7

    private var bodyLines: [String] {
        (message + words).split(separator: "\n", omittingEmptySubsequences: false).map { HumanText.escaped(String($0)) }
    }

    private var words: String {
        fields.map { field in
            let isPlain = !field.value.isEmpty && !field.value.contains { $0 == " " || $0 == "\"" || $0 == "=" }
            return " \(field.name)=\(isPlain ? field.value : JSONText.literal(field.value))"
        }.joined()
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > messageBytesMax else { return text }
        return String(decoding: text.utf8.prefix(messageBytesMax), as: UTF8.self) + "… (\(text.utf8.count) bytes)"
    }
}

extension Logger.Level {
    /// RFC 5424's severity, which the journal reads.
    var priority: Int {
        switch self {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }

    var meaning: TextPaint.Meaning? {
        switch self {
        case .critical, .error: .bad
        case .warning: .warning
        case .notice, .info: nil
        case .debug, .trace: .aside
        }
    }
}
