/// How much a line of the log matters.
package enum LogLevel: Int, CaseIterable, Sendable {
    case debug, info, warn, error

    /// Name of the level and of the function of `log`.
    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        }
    }
}

/// One line that a rule wrote to the log.
package struct LogRecord: Equatable, Sendable {
    /// How much it matters.
    package let level: LogLevel
    /// Name of the rule.
    package let rule: String
    /// The line as the rule wrote it.
    package let text: String
    /// JSON text of the table that was given, empty without one.
    package let fields: String
}

/// Keeps a rule from flooding the log: so many lines a window, then one line that says how many were left out.
struct LogLimit {
    /// Lines of one rule and level in a window.
    static let linesMax = 20
    /// Length of a window.
    static let windowNanoseconds: Int64 = 10_000_000_000

    private var start = Int64.min
    private var lines = 0
    private var omitted = 0

    /// Whether a line may be written now, and how many were left out in the window that has just ended.
    mutating func admit(now: Int64) -> (isAdmitted: Bool, omitted: Int) {
        var ended = 0
        if start == .min || now &- start >= LogLimit.windowNanoseconds {
            ended = take()
            start = now
            lines = 0
        }
        if lines < LogLimit.linesMax {
            lines += 1
            return (true, ended)
        }
        omitted += 1
        return (false, ended)
    }

    /// Lines left out and not yet told of.
    mutating func take() -> Int {
        defer { omitted = 0 }
        return omitted
    }
}

extension HostRule {
    /// Writes a line within the limit.
    func log(_ level: LogLevel, now: Int64, to sink: (LogRecord) -> Void, _ text: () -> (String, fields: String)) {
        let (isAdmitted, omitted) = logLimits[level.rawValue].admit(now: now)
        if omitted > 0 { sink(summary(level, omitted)) }
        guard isAdmitted else { return }
        let (line, fields) = text()
        sink(LogRecord(level: level, rule: name, text: line, fields: fields))
    }

    /// Tells of lines that were left out.
    func flushLog(now: Int64, to sink: (LogRecord) -> Void) {
        for level in LogLevel.allCases {
            let omitted = logLimits[level.rawValue].take()
            if omitted > 0 { sink(summary(level, omitted)) }
        }
    }

    private func summary(_ level: LogLevel, _ omitted: Int) -> LogRecord {
        let text =
            "\(omitted) more \(level.name) line\(omitted == 1 ? "" : "s") of rule `\(name)` "
            + "\(omitted == 1 ? "was" : "were") left out (limit: \(LogLimit.linesMax) in 10s)"
        return LogRecord(level: level, rule: name, text: text, fields: "")
    }
}
