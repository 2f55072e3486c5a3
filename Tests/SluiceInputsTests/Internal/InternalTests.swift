import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceInputs

@Suite struct LogFeedTests {
    private func filled(_ count: Int) -> LogFeed {
        let feed = LogFeed(run: "r")
        for number in 1...count { feed.add(time: Int64(number), severity: 6, message: "line \(number)") }
        return feed
    }

    @Test func `lines are read behind a number, so many at a time`() {
        let feed = filled(5)
        let (first, lost) = feed.entries(after: 0, max: 3)
        #expect(first.map(\.message) == ["line 1", "line 2", "line 3"] && lost == 0)
        #expect(feed.entries(after: 3, max: 3).entries.map(\.number) == [4, 5])
        #expect(feed.entries(after: 5, max: 3).entries.isEmpty)
        #expect(feed.entries(after: 5, max: 3).lost == 0)
    }

    @Test func `the oldest lines make room, and who comes late sees how many`() {
        let feed = filled(LogFeed.entriesMax * 3)
        let (entries, lost) = feed.entries(after: 10, max: 1)
        #expect(entries.map(\.number) == [Int64(LogFeed.entriesMax * 2 + 1)])
        #expect(lost == LogFeed.entriesMax * 2 - 10)
    }

    @Test func `bytes are bounded as well`() {
        let feed = LogFeed(run: "r")
        let long = String(repeating: "x", count: LogFeed.bytesMax / 4)
        for _ in 0..<10 { feed.add(time: 0, severity: 3, message: long) }
        #expect(feed.entries(after: 0, max: 100).entries.count == 4)
        feed.add(time: 0, severity: 3, message: long + long + long + long + long)
        #expect(feed.entries(after: 0, max: 100).lost == 11)
    }

    @Test func `a muted thread feeds nothing, others do`() {
        let feed = LogFeed(run: "r")
        LogFeed.muted {
            #expect(LogFeed.isMuted)
            LogFeed.muted { feed.add(time: 0, severity: 6, message: "inner") }
            feed.add(time: 0, severity: 6, message: "outer")
            let other = WorkerThread("other") { feed.add(time: 0, severity: 6, message: "other") }
            other.join()
        }
        #expect(!LogFeed.isMuted)
        feed.add(time: 0, severity: 6, message: "behind")
        #expect(feed.entries(after: 0, max: 10).entries.map(\.message) == ["other", "behind"])
    }

    @Test func `a bell rings for each line until it is given back`() {
        let feed = LogFeed(run: "r")
        let bell = feed.join()
        feed.add(time: 0, severity: 6, message: "x")
        #expect(SystemCall.isReadable(bell.descriptor))
        bell.clear()
        feed.leave(bell)
        feed.add(time: 0, severity: 6, message: "y")
        #expect(!SystemCall.isReadable(bell.descriptor))
    }
}

@Suite struct InternalTests {
    private static let shown: @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = { batch, event in
        ["timestamp", "severity", "appname", "component", "component_name", "text", "message"]
            .map { TestSession.field($0, event, batch) }.joined(separator: "|")
    }

    private func start(_ session: TestSession, level: String = "info") throws -> RunningInput {
        RunningInput(try makeInput("internal", [("level", .text(level))]), session)
    }

    @Test func `lines become events with level, speaker and fields`() throws {
        let feed = LogFeed(run: "r")
        let session = TestSession(feed: feed, text: Self.shown)
        feed.add(time: 1_700_000_000_123_456_000, severity: 6, message: "sluice runs")
        feed.add(time: 0, severity: 7, message: "too fine")
        let running = try start(session)
        feed.add(time: 0, severity: 4, message: "input `app`: cannot open", fields: [("text", "a \"b\"")])
        feed.add(time: 0, severity: 3, message: "output `main` has failed")
        #expect(
            session.messages(3) == [
                "2023-11-14T22:13:20.123456Z|info|sluice|service|||sluice runs",
                "1970-01-01T00:00:00.000000Z|warning|sluice|input|app|a \"b\"|input `app`: cannot open",
                "1970-01-01T00:00:00.000000Z|err|sluice|output|main||output `main` has failed",
            ])
        running.stop()
        #expect(session.saved[InternalInput.key]?.value == "r 4")
    }

    @Test func `a new input of the same run goes on, another run begins anew`() throws {
        let feed = LogFeed(run: "r")
        for number in 1...4 { feed.add(time: 0, severity: 6, message: "\(number)") }
        let saved = [InternalInput.key: Position(key: InternalInput.key, value: "r 3")]
        let same = TestSession(positions: saved, feed: feed)
        let first = try start(same)
        #expect(same.messages(1) == ["4"])
        first.stop()
        let other = TestSession(positions: [InternalInput.key: Position(key: InternalInput.key, value: "q 3")], feed: feed)
        let second = try start(other)
        #expect(other.messages(4) == ["1", "2", "3", "4"])
        second.stop()
    }

    @Test func `what the queue had no room for is counted`() throws {
        let feed = LogFeed(run: "r")
        for number in 0..<(LogFeed.entriesMax + 7) { feed.add(time: 0, severity: 3, message: "\(number)") }
        let session = TestSession(feed: feed)
        let running = try start(session, level: "error")
        #expect(session.messages(LogFeed.entriesMax).first == "7")
        running.stop()
        #expect(session.counter(.eventsLost) == 7)
    }

    @Test func `without a log of its own it is refused`() throws {
        let session = TestSession()
        let running = try start(session)
        let error = session.wait(for: "an error") { $0.error }
        running.stop()
        #expect(error?.code == .notBuiltIn)
    }
}
