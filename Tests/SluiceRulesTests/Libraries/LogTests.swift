import Testing

@testable import SluiceRules

@Suite struct LogTests {
    private final class Lines {
        var records: [LogRecord] = []
        var clock: Int64 = 0
    }

    private let lines = Lines()
    private let call: LibraryBench

    init() {
        let lines = lines
        call = LibraryBench(HostContext(logClock: { lines.clock }, logSink: { lines.records.append($0) }))
    }

    @Test func `a line carries level, rule, text and fields`() {
        #expect(call.all("log.warn", "disk", .table(#"{"free":3}"#)) == [])
        #expect(call.all("log.debug", 7) == [])
        #expect(
            lines.records == [
                LogRecord(level: .warn, rule: "test", text: "disk", fields: #"{"free":3}"#),
                LogRecord(level: .debug, rule: "test", text: "7", fields: ""),
            ])
    }

    @Test func `lines beyond the limit are counted and told of when the window ends`() {
        for _ in 0..<25 { _ = call.all("log.info", "x") }
        _ = call.all("log.error", "another level")
        #expect(lines.records.count == LogLimit.linesMax + 1)
        lines.clock = LogLimit.windowNanoseconds
        _ = call.all("log.info", "y")
        #expect(
            lines.records.suffix(2) == [
                LogRecord(
                    level: .info, rule: "test", text: "5 more info lines of rule `test` were left out (limit: 20 in 10s)",
                    fields: ""),
                LogRecord(level: .info, rule: "test", text: "y", fields: ""),
            ])
    }

    @Test func `flushing tells of the rest once`() {
        for _ in 0..<21 { _ = call.all("log.info", "x") }
        call.context.flushLog()
        call.context.flushLog()
        #expect(lines.records.last?.text == "1 more info line of rule `test` was left out (limit: 20 in 10s)")
        #expect(lines.records.count == 21)
    }
}
