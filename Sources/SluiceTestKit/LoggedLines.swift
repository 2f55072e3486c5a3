package import Logging
import Synchronization

/// What is logged in a test, as `level: text`.
package final class LoggedLines: Sendable {
    private struct Handler: LogHandler {
        let lines: LoggedLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.lines.withLock { $0.append("\(event.level): \(event.message)") } }
    }

    fileprivate let lines = Mutex<[String]>([])

    /// Nothing so far.
    package init() {}

    /// Every line so far.
    package var all: [String] { lines.withLock { $0 } }

    /// A logger of every level.
    package var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }
}
