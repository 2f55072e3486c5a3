import SluiceEvent

/// Moments and lengths of time as reports write them.
enum ReportTime {
    /// RFC 3339 in UTC with milliseconds.
    static func text(_ nanoseconds: Int64) -> String { TimestampText.text(ns: nanoseconds, digits: 3) }

    /// RFC 3339 in UTC, to the second.
    static func seconds(_ nanoseconds: Int64) -> String { TimestampText.text(ns: nanoseconds, digits: 0) }

    /// JSON of a moment: a string, or `null`.
    static func json(_ nanoseconds: Int64?) -> String { nanoseconds.map { "\"\(text($0))\"" } ?? "null" }

    /// A length of time in seconds with three digits, which JSON and Prometheus read as a number.
    static func decimal(_ nanoseconds: Int64) -> String {
        let milliseconds = max(0, nanoseconds) / 1_000_000
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
