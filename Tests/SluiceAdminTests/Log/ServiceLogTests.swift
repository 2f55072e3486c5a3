import Foundation
import Glibc
import Logging
import SluiceComponent
import Testing

@testable import SluiceAdmin

/// A log with a clock that is turned by hand.
private final class LogFixture: Sendable {
    let log: ServiceLog
    private let clock: Monitor<Int64>
    private let lines: Monitor<String>

    init(level: Logger.Level = .info, format: LogFormat = .text(TextPaint(isColoured: false))) {
        let clock = Monitor(StatusFixture.start)
        let lines = Monitor("")
        self.clock = clock
        self.lines = lines
        log = ServiceLog(
            level: level, format: format, now: { clock.withLock { $0 } },
            write: { bytes in lines.withLock { $0 += String(decoding: bytes, as: UTF8.self) } })
    }

    var text: String { lines.withLock { $0 } }

    func advance(seconds: Int64) { clock.withLock { $0 += seconds * 1_000_000_000 } }
}

@Suite struct ServiceLogTests {
    @Test func `a line has time, level and message`() {
        let fixture = LogFixture()
        fixture.log.logger.info("input `nginx` has started")
        fixture.advance(seconds: 1)
        fixture.log.logger.warning("`main` is slow", metadata: ["output": "main", "why": "disk is full"])
        fixture.log.logger.error("broken")
        #expect(
            fixture.text == """
                2026-11-21T14:00:00.000Z info    input `nginx` has started
                2026-11-21T14:00:01.000Z warning `main` is slow output=main why="disk is full"
                2026-11-21T14:00:01.000Z error   broken

                """)
    }

    @Test func `colours are for terminals`() {
        let fixture = LogFixture(format: .text(TextPaint(isColoured: true)))
        fixture.log.logger.error("broken")
        #expect(fixture.text == "\u{1B}[2m2026-11-21T14:00:00.000Z\u{1B}[0m \u{1B}[31merror  \u{1B}[0m broken\n")
    }

    @Test func `no message can steer a terminal or pass for another line`() {
        let fixture = LogFixture()
        fixture.log.logger.error("a\u{1B}[2J\n2026-11-21T14:00:00.000Z error faked\r")
        #expect(fixture.text == "2026-11-21T14:00:00.000Z error   a\\x1b[2J\n    2026-11-21T14:00:00.000Z error faked\\x0d\n")
    }

    @Test func `the journal gets levels and no times`() {
        let fixture = LogFixture(level: .trace, format: .journald)
        fixture.log.logger.error("route.lua:3: broken\n 3 | x = ")
        fixture.log.logger.debug("peer gone")
        #expect(fixture.text == "<3>route.lua:3: broken\n<3>     3 | x = \n<7>peer gone\n")
    }

    @Test func `JSON lines are JSON`() throws {
        let fixture = LogFixture(format: .json)
        fixture.log.logger.warning("a \"b\"\n\u{1}", metadata: ["output": "main"])
        #expect(
            fixture.text
                == "{\"time\":\"2026-11-21T14:00:00.000Z\",\"level\":\"warning\",\"message\":\"a \\\"b\\\"\\n\\u0001\",\"fields\":{\"output\":\"main\"}}\n"
        )
        _ = try JSONSerialization.jsonObject(with: Data(fixture.text.utf8))
    }

    @Test func `a message that comes again is counted and told after ten seconds`() {
        let fixture = LogFixture()
        let logger = fixture.log.logger
        for _ in 0..<121 { logger.warning("disk full") }
        logger.info("something else")
        fixture.advance(seconds: 9)
        fixture.log.tick()
        fixture.advance(seconds: 1)
        fixture.log.tick()
        fixture.log.tick()
        logger.warning("disk full")
        #expect(
            fixture.text == """
                2026-11-21T14:00:00.000Z warning disk full
                2026-11-21T14:00:00.000Z info    something else
                2026-11-21T14:00:10.000Z warning disk full (repeated 120 times in 10 s)
                2026-11-21T14:00:10.000Z warning disk full

                """)
    }

    @Test func `repetitions are told at the end, and when a message is forgotten`() {
        let fixture = LogFixture()
        let logger = fixture.log.logger
        logger.error("first\n more of it")
        logger.error("first\n more of it")
        for number in 0..<RepeatFilter.messagesMax { logger.info("other \(number)") }
        #expect(fixture.text.contains("error   first (repeated 1 time in 0 ms)\n"))
        logger.info("other 31")
        fixture.log.finish()
        #expect(fixture.text.hasSuffix("info    other 31 (repeated 1 time in 0 ms)\n"))
    }

    @Test func `a clock that is set back keeps nothing`() {
        let fixture = LogFixture()
        fixture.log.logger.info("hello")
        fixture.log.logger.info("hello")
        fixture.advance(seconds: -3600)
        fixture.log.logger.info("hello")
        #expect(
            fixture.text == """
                2026-11-21T14:00:00.000Z info    hello
                2026-11-21T13:00:00.000Z info    hello (repeated 1 time in 0 ms)
                2026-11-21T13:00:00.000Z info    hello

                """)
    }

    @Test func `every line is counted, also the summarised ones, and none below the level`() {
        let fixture = LogFixture()
        let logger = fixture.log.logger
        for _ in 0..<5 { logger.error("broken") }
        logger.info("hello")
        logger.debug("not written")
        #expect(
            fixture.log.counts == [
                NamedCount("error", 5), NamedCount("warning", 0), NamedCount("info", 1), NamedCount("debug", 0), NamedCount("trace", 0),
            ])
    }

    @Test func `a reload changes level and form for every part of the service`() {
        let fixture = LogFixture()
        let logger = fixture.log.logger
        logger.debug("one")
        fixture.log.change(level: .debug, format: .journald)
        logger.debug("two")
        #expect(fixture.text == "<7>two\n")
    }

    @Test func `a message without end is cut`() {
        let fixture = LogFixture(format: .journald)
        fixture.log.logger.info("\(String(repeating: "x", count: 100_000))")
        #expect(fixture.text == "<6>" + String(repeating: "x", count: LogLine.messageBytesMax) + "… (100000 bytes)\n")
    }

    @Test func `many threads write whole lines`() {
        let fixture = LogFixture(format: .journald)
        let log = fixture.log
        let threads = (0..<4).map { thread in
            WorkerThread("log") { for number in 0..<200 { log.logger.info("thread \(thread) line \(number)") } }
        }
        for thread in threads { thread.join() }
        let lines = fixture.text.split(separator: "\n")
        #expect(lines.count == 800)
        #expect(lines.allSatisfy { $0.wholeMatch(of: /<6>thread \d line \d+/) != nil })
    }

    @Test func `the journal is recognised by device and inode`() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var found = stat()
        fstat(ends[1], &found)
        func fitting(_ stream: String?) -> LogFormat { LogFormat.fitting(descriptor: ends[1]) { $0 == "JOURNAL_STREAM" ? stream : nil } }
        #expect(fitting("\(found.st_dev):\(found.st_ino)") == .journald)
        for stream in [nil, "", "1", "\(found.st_dev):1", "a:b", "\(found.st_dev):\(found.st_ino):1"] {
            #expect(fitting(stream) == .text(TextPaint(isColoured: false)))
        }
    }
}
