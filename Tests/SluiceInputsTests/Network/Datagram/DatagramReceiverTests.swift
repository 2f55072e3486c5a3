import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceNetwork
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// Numbers that messages are.
private func numbers(_ messages: [String]) -> [Int] { messages.compactMap { Int($0) } }

@Suite struct DatagramReceiverTests {
    static let loopback: (key: String, value: OptionValues.Value) = ("listen", .text("udp://127.0.0.1:0"))

    /// A session whose messages are these fields, with blanks between them; `peer` is that of the event.
    static func session(_ fields: String..., lanes: Int = 1) -> TestSession {
        TestSession(lanes: lanes) { batch, event in
            fields.map { name in
                guard name == "peer" else { return TestSession.field(name, event, batch) }
                var length = 0
                let start = sl_event_peer(batch.raw, event, &length)
                return String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
            }.joined(separator: " ")
        }
    }

    @Test func `datagrams become events in the order in which they were sent`() throws {
        let running = try RunningReceiver(.udp, [Self.loopback, ("format", .text("plain"))])
        let sender = try running.sender()
        for number in 0..<5_000 { sender.send("\(number)") }
        #expect(numbers(running.session.messages(5_000)) == Array(0..<5_000))
        #expect(running.session.counter(.opened) == 1)
        #expect(running.session.counter(.bytesRead) == (0..<5_000).reduce(0) { $0 + "\($1)".utf8.count })
    }

    @Test func `a message of syslog has its fields, and the peer where it names no host`() throws {
        let running = try RunningReceiver(
            [Self.loopback], session: Self.session("peer", "hostname", "appname", "severity", "message"))
        let sender = try running.sender()
        sender.send("<13>Oct 11 22:14:15 web1 app[7]: one\ntwo\n\0", "<11>app: three\0", "\0", "")
        #expect(
            running.session.messages(2) == [
                "127.0.0.1 web1 app notice one\ntwo", "127.0.0.1 127.0.0.1 app err three",
            ])
    }

    @Test func `what was sent is what was received and what the kernel dropped`() throws {
        let running = try RunningReceiver(
            .udp, [Self.loopback, ("format", .text("plain")), ("receive_buffer", .text("8KiB"))])
        let sender = try running.sender()
        sender.send("0")
        _ = running.session.messages(1)
        running.session.hold()
        for number in 1..<4_000 { sender.send("\(number)") }
        running.session.release()
        // Nothing comes any more: what was lost behind the last datagram is found as well.
        running.waitForAll(4_000, or: .datagramsLost)
        let messages = numbers(running.session.messages(1))
        #expect(messages == messages.sorted() && Set(messages).count == messages.count)
        #expect(running.session.counter(.datagramsLost) > 0)
        #expect(messages.count + running.session.counter(.datagramsLost) == 4_000)
        // And a second time: differences count, not the kernel's sum.
        running.session.hold()
        for number in 4_000..<8_000 { sender.send("\(number)") }
        running.session.release()
        running.waitForAll(8_000, or: .datagramsLost)
        running.stop()
        #expect(running.session.messages(1).count + running.session.counter(.datagramsLost) == 8_000)
    }

    @Test func `datagrams of every size arrive whole`() throws {
        let running = try RunningReceiver(.udp, [Self.loopback, ("format", .text("plain"))])
        let sender = try running.sender()
        let texts = [1, 1_000, 1_023, 1_024, 1_025, 9_000, 65_507].map { String(repeating: "x", count: $0 - 1) + "y" }
        for text in texts { sender.send(text) }
        #expect(running.session.messages(texts.count) == texts)
        #expect(running.session.counter(.datagramsTruncated) == 0)
    }

    @Test func `a datagram over the limit is cut, flagged and counted`() throws {
        let running = try RunningReceiver(
            .udp, [Self.loopback, ("format", .text("plain")), ("max_frame_size", .text("100"))],
            session: TestSession { batch, event in
                "\(TestSession.field("message", event, batch).count) \(EventFlags(rawValue: event.pointee.flags).contains(.truncated))"
            })
        let sender = try running.sender()
        for length in [100, 101, 5_000] { sender.send(String(repeating: "x", count: length)) }
        sender.send(String(repeating: "x", count: 100) + "\n\0")
        #expect(running.session.messages(4) == ["100 false", "100 true", "100 true", "100 false"])
        running.wait(.datagramsTruncated, 2)
        running.wait(.bytesLost, 4_901)
    }

    @Test(arguments: [
        ("[::1]", "::1", "::1"), ("[::]", "::1", "::1"), ("[::]", "127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1", "127.0.0.1"),
    ])
    func `a socket hears the addresses that it stands for`(_ listens: String, _ sends: String, _ peer: String) throws {
        let running = try RunningReceiver([("listen", .text("udp://\(listens):0"))], session: Self.session("peer", "message"))
        let sender = try DatagramSender(.udp(host: sends, port: try #require(running.addresses[0].port)))
        sender.send("<13>app: text")
        #expect(running.session.messages(1) == ["\(peer) text"])
    }

    @Test func `IPv4 and IPv6 may have sockets of their own on one port`() throws {
        let free = try RunningReceiver([("listen", .text("udp://[::]:0"))])
        let port = try #require(free.addresses[0].port)
        free.stop()
        let running = try RunningReceiver(
            [("listen", .texts(["udp://0.0.0.0:\(port)", "udp://[::]:\(port)"]))], session: Self.session("peer", "message"))
        try DatagramSender(.udp(host: "127.0.0.1", port: port)).send("<13>app: four")
        #expect(running.session.messages(1) == ["127.0.0.1 four"])
        try DatagramSender(.udp(host: "::1", port: port)).send("<13>app: six")
        #expect(running.session.messages(2) == ["127.0.0.1 four", "::1 six"])
    }

    @Test func `peers that are not on the list are not heard, and counted`() throws {
        let running = try RunningReceiver([("listen", .text("udp://[::]:0")), ("allow", .text("127.0.0.0/8"))])
        let port = try #require(running.addresses[0].port)
        let refused = try DatagramSender(.udp(host: "::1", port: port))
        for _ in 0..<3 { refused.send("<13>app: no") }
        running.wait(.datagramsRefused, 3)
        try DatagramSender(.udp(host: "127.0.0.1", port: port)).send("<13>app: yes")
        #expect(running.session.messages(1) == ["yes"])
    }

    @Test func `a peer that sends too much is cut short, and counted`() throws {
        let running = try RunningReceiver([Self.loopback, ("rate_limit", .text("50"))])
        let sender = try running.sender()
        for number in 0..<1_000 { sender.send("<13>app: \(number)") }
        running.waitForAll(1_000, or: .rateLimited)
        let messages = numbers(running.session.messages(1))
        #expect(messages.count + running.session.counter(.rateLimited) == 1_000)
        #expect(messages.count >= 50 && messages.count < 900 && Array(messages.prefix(50)) == Array(0..<50))
    }

    @Test func `a limited peer is not helped by datagrams of many frames`() throws {
        let running = try RunningReceiver(
            .udp, [Self.loopback, ("rate_limit", .text("10")), ("framing", .text("newline")), ("format", .text("plain"))])
        try running.sender().send((0..<100).map { "\($0)" }.joined(separator: "\n"))
        #expect(numbers(running.session.messages(10)) == Array(0..<10))
        running.wait(.rateLimited, 90)
    }

    @Test func `peers may have another zone and charset`() throws {
        let running = try RunningReceiver(
            [
                ("listen", .text("udp://[::]:0")),
                ("peers", .texts(["127.0.0.1 charset=gbk timezone=+08:00", "::1 timezone=-01:00"])),
            ], session: Self.session("timestamp", "message"))
        let port = try #require(running.addresses[0].port)
        let four = try DatagramSender(.udp(host: "127.0.0.1", port: port))
        four.send(Array("<13>Oct 11 22:14:15 h app: ".utf8) + [0xD6, 0xD0])
        _ = running.session.messages(1)
        try DatagramSender(.udp(host: "::1", port: port)).send("<13>Oct 11 22:14:15 h app: 中")
        #expect(running.session.messages(2) == ["2023-10-11T22:14:15+08:00 中", "2023-10-11T22:14:15-01:00 中"])
    }

    @Test func `with several lanes each peer keeps its own, and its order`() throws {
        let running = try RunningReceiver(
            [("listen", .text("udp://[::]:0"))], session: Self.session("peer", "message", lanes: 4))
        let port = try #require(running.addresses[0].port)
        let senders = try (1...8).map { try DatagramSender(.udp(host: "127.0.0.1", port: port), from: "127.0.0.\($0)") }
        for number in 0..<200 {
            for sender in senders { sender.send("<13>app: \(number)") }
        }
        _ = running.session.messages(1_600)
        var lanes: [Substring: Set<UInt64>] = [:]
        var heard: [Substring: [Int]] = [:]
        for batch in running.session.state.withLock({ $0.sent }) {
            for message in batch.messages {
                let words = message.split(separator: " ")
                lanes[words[0], default: []].insert(batch.stream % 4)
                heard[words[0], default: []].append(Int(words[1]) ?? -1)
            }
        }
        #expect(heard.count == 8 && heard.values.allSatisfy { $0 == Array(0..<200) })
        #expect(lanes.values.allSatisfy { $0.count == 1 })
    }

    @Test func `several sockets share an address`() throws {
        let running = try RunningReceiver([Self.loopback, ("receivers", .text("3"))])
        #expect(running.addresses.count == 3 && Set(running.addresses).count == 1)
        let senders = try (0..<30).map { _ in try running.sender() }
        for (number, sender) in senders.enumerated() {
            for part in 0..<20 { sender.send("<13>app: \(number * 20 + part)") }
        }
        #expect(Set(numbers(running.session.messages(600))) == Set(0..<600))
    }

    @Test(arguments: ["1", "2"]) func `an address that is taken is an error that says so`(_ receivers: String) throws {
        let running = try RunningReceiver([Self.loopback, ("receivers", .text(receivers))])
        let port = try #require(running.addresses[0].port)
        let error = #expect(throws: NetworkError.self) {
            try RunningReceiver([("listen", .text("udp://127.0.0.1:\(port)")), ("receivers", .text(receivers))])
        }
        #expect(error?.code == .inUse)
        #expect(error?.message.hasPrefix("cannot listen on udp://127.0.0.1:\(port): address already in use; another program") == true)
        #expect(throws: NetworkError.self) { try RunningReceiver([("listen", .text("udp://192.0.2.1:0"))]) }
    }

    @Test func `what came before the stop is sent`() throws {
        let running = try RunningReceiver([Self.loopback])
        let sender = try running.sender()
        for number in 0..<300 { sender.send("<13>app: \(number)") }
        running.stop()
        #expect(numbers(running.session.messages(1)) == Array(0..<300))
        #expect(running.session.counter(.datagramsLost) == 0)
    }

    @Test func `what cannot be sent at the stop is counted`() throws {
        let running = try RunningReceiver([Self.loopback])
        let sender = try running.sender()
        running.session.hold()
        for number in 0..<300 { sender.send("<13>app: \(number)") }
        running.session.awaitHeld()
        running.stop()
        #expect(running.session.state.withLock { $0.sent.flatMap(\.messages) } == [])
        #expect(running.session.counter(.datagramsLost) == 300)
    }

    @Test func `events that no lane takes at the stop are counted and told`() throws {
        let running = try RunningReceiver([Self.loopback])
        let sender = try running.sender()
        running.session.state.notify { $0.isRefusing = true }
        for number in 0..<300 { sender.send("<13>app: \(number)") }
        running.stop()
        #expect(running.session.state.withLock { $0.sent.flatMap(\.messages) } == [])
        #expect(running.session.counter(.eventsLost) == 300)
        let told = "error: 300 events of input `test` were lost: they were in hand when it ended, and rules and outputs took no more"
        #expect(running.session.logged.all.contains(told))
    }
}
