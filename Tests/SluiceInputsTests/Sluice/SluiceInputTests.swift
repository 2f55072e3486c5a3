import SluiceComponent
import SluiceConfig
import SluiceInputs
import SluiceNetwork
import Testing

@Suite struct SluiceInputTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.path + "/s" }

    private func run(_ session: TestSession, _ options: [(key: String, value: OptionValues.Value)] = []) throws -> RunningInput {
        RunningInput(try makeInput("sluice", [("listen", .text("unix:\(path)"))] + options), session)
    }

    @Test(arguments: TransferCompression.known) func `frames become batches and are acknowledged`(_ compression: TransferCompression) throws
    {
        let session = TestSession()
        let running = try run(session)
        let sender = TestSender(path, compression: compression)
        sender.give("one", "two")
        sender.give(String(repeating: "three", count: 1_000))
        #expect(try sender.deliver())
        #expect(session.messages(3) == ["one", "two", String(repeating: "three", count: 1_000)])
        let sent = session.state.withLock { $0.sent }
        #expect(sent.map(\.positions.count) == [1, 1] && sent.allSatisfy { $0.stream == sender.machine.identity.low })
        #expect(session.saved[sender.machine.identity.description]?.value == "2 1700000000")
        running.stop()
        #expect(session.counter(.connections) == 1 && session.counter(.connectionsOpen) == 0 && session.counter(.opened) == 1)
        #expect(session.counter(.replayed) == 0)
        #expect(sender.awaitEnd() && sender.fault?.code == .ending)
    }

    @Test func `nothing is acknowledged before it is delivered`() throws {
        let session = TestSession()
        session.state.notify { $0.isConfirming = false }
        let running = try run(session)
        let sender = TestSender(path)
        sender.give("one")
        try sender.connect()
        try sender.sendFrames()
        _ = session.messages(1)
        #expect(try !sender.hear(seconds: 0) { $0.isSettled })
        session.state.notify { $0.isConfirming = true }
        session.confirm()
        #expect(try sender.settle())
        running.stop()
    }

    @Test func `a connection that breaks repeats nothing, and old confirmations come on the new one`() throws {
        let session = TestSession()
        session.state.notify { $0.isConfirming = false }
        let running = try run(session)
        let sender = TestSender(path)
        for number in 0..<20 { sender.give("line \(number)") }
        try sender.connect()
        try sender.sendFrames()
        _ = session.messages(20)
        sender.cut()
        sender.give("line 20")
        try sender.connect()
        try sender.sendFrames()
        _ = session.messages(21)
        session.state.notify { $0.isConfirming = true }
        session.confirm()
        #expect(try sender.settle())
        #expect(session.messages(21) == (0...20).map { "line \($0)" } && sender.machine.resent == 0)
        running.stop()
    }

    @Test func `a cut in the middle of a frame leaves nothing behind`() throws {
        let session = TestSession()
        let running = try run(session)
        let sender = TestSender(path, compression: .none)
        sender.give("one")
        sender.give("two")
        try sender.connect()
        try sender.send(try #require(try sender.nextFrame()))
        try sender.send(Array(try #require(try sender.nextFrame()).dropLast(3)))
        _ = session.messages(1)
        sender.cut()
        #expect(try sender.deliver())
        #expect(session.messages(2) == ["one", "two"] && session.state.withLock { $0.sent.count } == 2)
        running.stop()
    }

    @Test func `a restart goes on where it was, with the positions that were saved`() throws {
        let first = TestSession()
        var running = try run(first)
        let sender = TestSender(path)
        sender.give("one")
        #expect(try sender.deliver())
        running.stop()
        sender.cut()
        sender.give("two")
        let second = TestSession(positions: first.saved)
        running = try run(second)
        #expect(try sender.deliver())
        #expect(second.messages(1) == ["two"] && second.counter(.replayed) == 0)
        running.stop()
    }

    @Test func `what was taken and not delivered before the end is taken again`() throws {
        let first = TestSession()
        var running = try run(first)
        let sender = TestSender(path)
        sender.give("one")
        #expect(try sender.deliver())
        first.state.notify { $0.isConfirming = false }
        sender.give("two")
        try sender.sendFrames()
        _ = first.messages(2)
        running.stop()
        // The position went back to what is delivered.
        #expect(first.saved[sender.machine.identity.description]?.value == "1 1700000000")
        sender.cut()
        let second = TestSession(positions: first.saved)
        running = try run(second)
        #expect(try sender.deliver())
        #expect(second.messages(1) == ["two"] && second.counter(.replayed) == 1)
        running.stop()
    }

    @Test func `what an earlier life has taken is acknowledged when it is confirmed`() throws {
        let sender = TestSender(path)
        sender.give("one")
        let session = TestSession(positions: [
            sender.machine.identity.description: Position(key: sender.machine.identity.description, value: "1 1700000000"),
            "something else": Position(key: "something else", value: "1"),
        ])
        let running = try run(session)
        try sender.connect()
        try sender.sendFrames()
        #expect(try sender.settle())
        #expect(session.state.withLock { $0.sent } == [])
        running.stop()
    }

    @Test func `while lanes are busy new senders are welcomed, and everything comes in the end`() throws {
        let session = TestSession()
        session.hold()
        let running = try run(session)
        let sender = TestSender(path, compression: .none)
        let long = String(repeating: "x", count: 1 << 20)
        try sender.connect()
        for _ in 0..<8 { sender.give(long) }
        let held = WorkerThread("sender") { [sender = UncheckedSender(sender)] in try? sender.sender.sendFrames() }
        session.awaitHeld()
        let other = TestSender(path)
        other.give("other")
        try other.connect()
        #expect(other.machine.isOpen)
        try other.sendFrames()
        session.release()
        held.join()
        #expect(try sender.settle() && other.settle())
        #expect(session.messages(9).count { $0 == long } == 8)
        running.stop()
    }

    @Test func `who is not read is neither idle nor stalls`() throws {
        let session = TestSession()
        session.hold()
        let running = try run(session, [("idle_timeout", .text("1s")), ("stall_timeout", .text("1s"))])
        let sender = TestSender(path, compression: .none)
        let long = String(repeating: "x", count: 1 << 20)
        for _ in 0..<40 { sender.give(long) }
        try sender.connect()
        let held = WorkerThread("sender") { [sender = UncheckedSender(sender)] in try? sender.sender.sendFrames() }
        session.awaitHeld()
        // Reading has stopped in the middle of a frame, for longer than a frame may take.
        #expect(!session.stop.wait(nanoseconds: 3_000_000_000))
        session.release()
        held.join()
        #expect(try sender.settle())
        #expect(session.counter(.connections) == 1 && session.counter(.replayed) == 0)
        running.stop()
    }

    @Test func `a wrong token is told and counted`() throws {
        let session = TestSession()
        let running = try run(session, [("token", .text("right"))])
        let sender = TestSender(path, token: "wrong")
        try sender.connect()
        #expect(sender.fault?.code == .token)
        _ = session.wait(for: "a counted failure") { $0.counts[.authenticationFailures] == 1 ? true : nil }
        let other = TestSender(path, token: "right")
        other.give("one")
        #expect(try other.deliver())
        running.stop()
    }

    @Test func `another protocol and a damaged frame are counted, and the connection ends`() throws {
        let session = TestSession()
        let running = try run(session)
        let browser = TestSender(path)
        try browser.connect()
        try browser.send([0, 0, 0, 0, 5, 1, 2, 3, 4])
        #expect(browser.awaitEnd() && browser.fault?.code == .checksum && session.counter(.connectionsBroken) == 1)
        let dialer = Dialer(
            DialSetting(addresses: [.unix(path: path)]), log: session.log)
        let connection = try dialer.connect(stop: session.stop)
        try TestSender.send(Array("GET / HTTP/1.1\r\n\r\n".utf8), on: connection)
        #expect(try connection.read(upTo: 100, until: MonotonicClock.now + 20_000_000_000, stop: session.stop) == [])
        #expect(session.counter(.foreignProtocols) == 1)
        running.stop()
    }

    @Test func `who says nothing is sent away`() throws {
        let session = TestSession()
        let running = try run(session, [("stall_timeout", .text("50ms"))])
        let dialer = Dialer(DialSetting(addresses: [.unix(path: path)]), log: session.log)
        var connection: DialedConnection?
        while connection == nil { connection = try? dialer.connect(stop: session.stop) }
        let end = try connection?.read(upTo: 100, until: MonotonicClock.now + 20_000_000_000, stop: session.stop)
        #expect(end == [])
        _ = session.wait(for: "a connection that timed out") { $0.counts[.connectionsTimedOut] == 1 ? true : nil }
        running.stop()
    }

    @Test func `what is no event becomes a dead letter and is acknowledged`() throws {
        let session = TestSession()
        let running = try run(session)
        let sender = TestSender(path, compression: .none)
        sender.give(payload: [3, 0, 0, 0, 1, 2, 3] + packed(messages: ["one"]), events: 2)
        sender.give(payload: packed(messages: ["two"]), events: 9)
        sender.give(payload: packed(messages: ["three", "four"]), events: 1)
        #expect(try sender.deliver())
        #expect(session.messages(3) == ["one", "two", "three"])
        let refused = session.state.withLock { $0.refused }
        #expect(refused.count == 2)
        #expect(refused.first?.hasSuffix("frame 1 of sender \(sender.machine.identity): a record that is no event") == true)
        #expect(refused.last?.contains("bytes behind its 1 records, and it said 1") == true)
        running.stop()
    }

    @Test func `a sender that goes for good is forgotten`() throws {
        let session = TestSession()
        let running = try run(session)
        let sender = TestSender(path)
        sender.give("one")
        #expect(try sender.deliver())
        try sender.send(try #require(sender.machine.goodbye()))
        #expect(sender.awaitEnd() && sender.fault == nil)
        _ = session.wait(for: "a position that goes") { state in state.sent.last?.positions.first?.value == nil ? true : nil }
        #expect(session.saved == [:])
        running.stop()
    }

    @Test func `a socket that cannot be had is an error that says why`() throws {
        let session = TestSession()
        let running = RunningInput(try makeInput("sluice", [("listen", .text("unix:/nowhere/s"))]), session)
        let error = session.wait(for: "an error") { $0.error }
        #expect(error?.code == .missing && error?.message.contains("the folder `/nowhere` does not exist") == true)
        running.stop()
    }

    @Test func `options that cannot be are refused`() {
        func refusal(_ options: [(key: String, value: OptionValues.Value)]) -> String? {
            do {
                _ = try makeInput("sluice", options)
                return nil
            } catch { return (error as? ConfigError)?.message }
        }
        #expect(refusal([("listen", .text("tcp://127.0.0.1"))]) == nil)
        #expect(refusal([("listen", .text("udp://127.0.0.1"))])?.contains("is no address for `listen`") == true)
        #expect(
            refusal([("listen", .text("tcp://127.0.0.1")), ("rate_limit", .text("5"))])?.contains("unknown option `rate_limit`") == true)
        let token = String(repeating: "x", count: 1_025)
        #expect(refusal([("listen", .text("tcp://127.0.0.1")), ("token", .text(token))])?.contains("has 1025 bytes") == true)
    }
}

/// A sender on its way to another thread, which is its only user until it has ended.
private struct UncheckedSender: @unchecked Sendable {
    // SAFETY: the test uses it again only behind the thread's end.
    let sender: TestSender

    init(_ sender: TestSender) { self.sender = sender }
}
