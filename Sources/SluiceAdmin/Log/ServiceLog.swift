import Glibc
package import Logging
package import SluiceComponent
import Synchronization

/// The service's own log, on standard error. Safe to use from every thread; a line is one `write`, and nothing else can block.
package final class ServiceLog: Sendable {
    private struct State {
        var level: Logger.Level
        var format: LogFormat
        var repeats = RepeatFilter()
        var counts: [Logger.Level: Int] = [:]
    }

    private let state: Mutex<State>
    /// Nanoseconds since 1970 UTC.
    private let now: @Sendable () -> Int64
    private let write: @Sendable ([UInt8]) -> Void
    private let feed: LogFeed?

    /// A log; without `write` it goes to standard error. Every line that is written goes into `feed` as well.
    package init(
        level: Logger.Level, format: LogFormat, now: @escaping @Sendable () -> Int64, feed: LogFeed? = nil,
        write: @escaping @Sendable ([UInt8]) -> Void = ServiceLog.writeToStandardError
    ) {
        state = Mutex(State(level: level, format: format))
        self.now = now
        self.write = write
        self.feed = feed
    }

    /// What the parts of the service write with. Its level is the log's, also when that changes.
    package var logger: Logger { Logger(label: "sluice", factory: { [self] _ in ServiceLogHandler(log: self) }) }

    /// The least level that is written.
    package var level: Logger.Level { state.withLock { $0.level } }

    /// Takes another level and form, as a reload brings them.
    package func change(level: Logger.Level, format: LogFormat) {
        state.withLock { state in
            state.level = level
            state.format = format
        }
    }

    /// Lines by level since the start, also those that were summarised; every level that this program uses is there.
    package var counts: [NamedCount] {
        let counts = state.withLock { $0.counts }
        return Logger.Level.allCases.reversed().compactMap { level in
            let count = counts[level] ?? 0
            return count == 0 && (level == .critical || level == .notice) ? nil : NamedCount("\(level)", count)
        }
    }

    /// Whether there are repetitions to tell of by ``tick()``.
    package var hasRepetitions: Bool { state.withLock { $0.repeats.isHolding } }

    /// Tells of repetitions whose time has come. Call it about once a second.
    package func tick() {
        state.withLock { state in
            let lines = state.repeats.due(now: now())
            put(lines, state.format)
        }
    }

    /// Tells of all repetitions: the last call before the end.
    package func finish() {
        state.withLock { state in
            let lines = state.repeats.finish(now: now())
            put(lines, state.format)
        }
    }

    fileprivate func add(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        let line = LogLine(time: now(), level: level, message: message, metadata: metadata)
        state.withLock { state in
            state.counts[level, default: 0] += 1
            put(state.repeats.lines(for: line), state.format)
        }
    }

    private func put(_ lines: [LogLine], _ format: LogFormat) {
        for line in lines {
            write(Array(line.text(format).utf8))
            feed?.add(time: line.time, severity: Int64(line.level.priority), message: line.message, fields: line.fields)
        }
    }

    /// One `write` of all bytes; what the descriptor does not take is lost, because a log may not stop the service.
    package static func writeToStandardError(_ bytes: [UInt8]) {
        while Glibc.write(STDERR_FILENO, bytes, bytes.count) < 0, errno == EINTR {}
    }
}

/// The form in which `swift-log` reaches a ``ServiceLog``.
private struct ServiceLogHandler: LogHandler {
    let log: ServiceLog
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private var ownLevel: Logger.Level?

    init(log: ServiceLog) { self.log = log }

    var logLevel: Logger.Level {
        get { ownLevel ?? log.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        log.add(event.level, event.error.map { "\(event.message): \($0)" } ?? "\(event.message)", all)
    }
}
