import Glibc
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// Connections of real sockets.
@Suite struct StreamInputTests {
    @Test func `a message that comes byte by byte is one event with all that is known of it`() throws {
        let input = try ListeningFixture(describing: "syslog")
        let peer = try input.connect()
        for byte in Array("<13>1 2023-11-14T22:13:20Z - app 7 - - text\n<14>tag: x\n".utf8) { peer.send([byte]) }
        #expect(
            input.messages(2) == [
                "timestamp=2023-11-14T22:13:20Z | hostname=127.0.0.1 | appname=app | procid=7 | facility=user | severity=notice | version=1 | message=text | peer=127.0.0.1 | !host_from_peer",
                "timestamp=2023-11-14T22:13:20.000000Z | hostname=127.0.0.1 | appname=tag | facility=user | severity=info | message=x | peer=127.0.0.1 | !no_timestamp | !host_from_peer",
            ])
        #expect(input.session.counter(.connections) == 1 && input.session.counter(.connectionsOpen) == 1)
        peer.close()
        input.counts(.connectionsOpen, 0)
        #expect(input.stop().count == 2)
        #expect(input.session.counter(.bytesRead) == 55)
    }

    @Test func `with fill none nothing is filled in, and other kinds never fill`() throws {
        let bare = try ListeningFixture(describing: "syslog", [("fill", .text("none"))])
        try bare.connect().send("<13>app: text\n")
        #expect(bare.messages(1) == ["appname=app | facility=user | severity=notice | message=text | peer=127.0.0.1 | !no_timestamp"])
        let tcp = try ListeningFixture(describing: "tcp", [("format", .text("json"))])
        try tcp.connect().send("{\"a\":1}\n")
        #expect(tcp.messages(1) == ["a=1 | peer=127.0.0.1"])
    }

    @Test func `two connections that take turns keep their order and never mix`() throws {
        let input = try ListeningFixture("syslog")
        let peers = try [input.connect(), input.connect()]
        // Each piece ends inside of a message.
        var streams = (0..<2).map { number in
            (0..<500).map { "<13>app: \(number)-\($0) \(String(repeating: "x", count: $0 % 50))\n" }.joined().utf8.map { $0 }[...]
        }
        var turn = 0
        while streams.contains(where: { !$0.isEmpty }) {
            peers[turn % 2].send(Array(streams[turn % 2].prefix(37)))
            streams[turn % 2] = streams[turn % 2].dropFirst(37)
            turn += 1
        }
        let messages = input.messages(1_000)
        for number in 0..<2 {
            let own = messages.filter { $0.hasPrefix("\(number)-") }
            #expect(own == (0..<500).map { "\(number)-\($0) \(String(repeating: "x", count: $0 % 50))" })
        }
    }

    @Test func `a fragment is never glued to the next connection`() throws {
        let input = try ListeningFixture("syslog")
        let first = try input.connect()
        first.send("<13>app: one\n<13>app: fra")
        first.close()
        input.counts(.incompleteFrames, 1)
        try input.connect().send("gment\n")
        #expect(input.messages(3) == ["one", "fra !truncated", "gment"])
    }

    @Test func `what a reset cuts off is an event as well`() throws {
        let input = try ListeningFixture("syslog")
        let peer = try input.connect()
        peer.send("<13>app: one\n<13>app: fra")
        #expect(input.messages(1) == ["one"])
        peer.reset()
        #expect(input.messages(2) == ["one", "fra !truncated"])
        input.counts(.connectionsBroken, 1)
    }

    @Test func `a browser is answered and told of once`() throws {
        let input = try ListeningFixture("syslog")
        for _ in 0..<3 {
            let peer = try input.connect()
            peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let answer = String(decoding: try #require(peer.rest()), as: UTF8.self)
            #expect(
                answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && answer.hasSuffix("\r\n\r\nthis port takes log messages, not HTTP\n"))
        }
        input.counts(.foreignProtocols, 3)
        let told = input.session.logged.all.filter { $0.contains("HTTP") }
        #expect(told.count == 1 && told[0].hasPrefix("warning: 127.0.0.1:"))
        #expect(input.stop() == [])
    }

    @Test func `other foreign protocols are closed without a word, each told of once`() throws {
        let input = try ListeningFixture("syslog")
        for bytes in [[0x16, 0x03, 0x01, 0x00, 0x05, 0x01], Array("SSH-2.0-x\r\n".utf8), [0x28, 0xB5, 0x2F, 0xFD, 0x00]] as [[UInt8]] {
            for _ in 0..<2 {
                let peer = try input.connect()
                peer.send(bytes)
                #expect(peer.rest() == [])
            }
        }
        input.counts(.foreignProtocols, 6)
        #expect(input.session.logged.all.filter { $0.hasPrefix("warning: ") }.count == 3)
        #expect(input.session.logged.all.contains { $0.contains("compression is not supported: switch it off at the sender") })
    }

    @Test func `a program on this machine is known by its credentials`() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/log.sock"
        let input = try ListeningFixture(describing: "syslog", [("listen", .text("unix:log.sock"))], folder: folder.path)
        try input.connect(path: path).send("<13>Nov 14 22:13:20 app[1]: text\n")
        var name = [CChar](repeating: 0, count: 256)
        #expect(gethostname(&name, 255) == 0)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(
            input.messages(1) == [
                "timestamp=2023-11-14T22:13:20Z | hostname=\(host) | appname=app | procid=1 | facility=user | severity=notice | message=text | @pid=\(getpid()) | @uid=\(getuid()) | @gid=\(getgid()) | !year_guessed | !zone_guessed | !host_from_peer"
            ])
    }

    @Test func `peers can have a zone, a charset and a format of their own`() throws {
        let peers = ["192.0.2.0/24 timezone=UTC", "127.0.0.0/8 timezone=+08:00 charset=gbk", "127.0.0.1 timezone=-01:00"]
        let input = try ListeningFixture(describing: "syslog", [("timezone", .text("+03:00")), ("peers", .texts(peers))])
        let peer = try input.connect()
        peer.send(Array("<13>Nov 14 22:13:20 host app: ".utf8) + [0xB2, 0xE2, 0xCA, 0xD4, 0x0A])
        peer.send("<13>app: x\n")
        let messages = input.messages(2)
        #expect(messages[0].hasPrefix("timestamp=2023-11-14T22:13:20+08:00 | hostname=host | "))
        #expect(messages[0].contains(" | message=测试 | ") && messages[0].contains("!charset_gbk"))
        #expect(messages[1].hasPrefix("timestamp=2023-11-15T06:13:20.000000+08:00 | hostname=127.0.0.1 | "))
        let json = try ListeningFixture(describing: "syslog", [("peers", .text("127.0.0.1 format=json")), ("fill", .text("none"))])
        try json.connect().send("{\"a\":1}\n")
        #expect(json.messages(1) == ["a=1 | peer=127.0.0.1"])
    }

    @Test func `a peer that sends more than its rate loses the rest, counted`() throws {
        let input = try ListeningFixture("syslog", [("rate_limit", .text("10"))])
        let peer = try input.connect()
        let began = MonotonicClock.now
        peer.send((0..<500).map { "<13>app: \($0)\n" }.joined())
        _ = input.session.wait(for: "all events") { state in
            state.sent.flatMap(\.messages).count + (state.counts[.rateLimited] ?? 0) == 500 ? true : nil
        }
        let messages = input.stop()
        let seconds = Int((MonotonicClock.now - began) / 1_000_000_000) + 1
        #expect(messages.count >= 10 && messages.count <= 10 + 10 * seconds)
        #expect(messages.prefix(10) == (0..<10).map { "\($0)" }[...])
    }

    @Test func `lines of a trace become an event when nothing follows`() throws {
        let input = try ListeningFixture("tcp", [("format", .text("plain")), ("multiline", .text("java"))])
        let peer = try input.connect()
        peer.send("plain\na.BError: c\n\tat d.e(F.java:1)\n")
        #expect(input.messages(2) == ["plain", "a.BError: c\n\tat d.e(F.java:1)"])
        peer.send("\tat g.h(I.java:2)\nnext\n")
        #expect(input.messages(4)[2...] == ["\tat g.h(I.java:2)", "next"])
    }

    @Test func `several addresses are one input`() throws {
        let folder = TemporaryFolder()
        let input = try ListeningFixture(
            "syslog", [("listen", .texts(["tcp://127.0.0.1:0", "tcp://127.0.0.1:0", "unix:a.sock"]))], folder: folder.path)
        let ports = try input.ports()
        #expect(ports.count == 2)
        for port in ports { try TestPeer(port: port).send("<13>app: tcp\n") }
        try input.connect(path: folder.path + "/a.sock").send("<13>app: unix\n")
        #expect(Set(input.messages(3)) == ["tcp", "unix"])
        #expect(input.session.counter(.opened) == 3)
    }

    @Test func `a stop sends what has come, fragments too`() throws {
        let input = try ListeningFixture("syslog")
        let peer = try input.connect()
        peer.send("<13>app: one\n")
        #expect(input.messages(1) == ["one"])
        peer.send("<13>app: two\n<13>app: thr")
        #expect(input.stop() == ["one", "two", "thr !truncated"])
        #expect(peer.rest() == [])
        #expect(input.session.state.withLock { $0.error } == nil)
        #expect(input.session.counter(.connectionsOpen) == 0)
    }

    @Test func `while batches are held back nothing is lost and nothing is read without bound`() throws {
        let input = try ListeningFixture("syslog")
        let peer = try input.connect()
        peer.send("<13>app: first\n")
        #expect(input.messages(1) == ["first"])
        input.session.hold()
        let count = 20_000
        let sender = WorkerThread("test-sender") {
            for number in 0..<count { peer.send("<13>app: \(number)\n") }
        }
        input.session.awaitHeld()
        #expect(input.session.state.withLock { $0.sent.flatMap(\.messages).count } == 1)
        input.session.release()
        let messages = input.messages(1 + count)
        sender.join()
        #expect(Array(messages.dropFirst()) == (0..<count).map { "\($0)" })
    }

    @Test func `what there is no batch for at the stop is counted and told`() throws {
        let input = try ListeningFixture("syslog")
        let peer = try input.connect()
        input.session.hold()
        peer.send("<13>app: never\n")
        input.session.awaitHeld()
        #expect(input.stop() == [])
        input.counts(.bytesLost, 15)
        let told = "error: 15 bytes of input `test` were lost: they were in hand when it ended, and rules and outputs took no more"
        #expect(input.session.logged.all.contains(told))
    }

    @Test func `a batch that comes back soon behind the stop is waited for`() throws {
        let input = try ListeningFixture("syslog")
        let peer = try input.connect()
        input.session.hold()
        peer.send("<13>app: late\n")
        input.session.awaitHeld()
        input.session.stop.set()
        // Now there is none.
        input.session.state.notify { _ in }
        input.session.release()
        #expect(input.messages(1) == ["late"])
        #expect(input.stop() == ["late"])
        #expect(input.session.counter(.bytesLost) == 0)
    }

    @Test func `a port that is in use is an error that says so`() throws {
        let first = try ListeningFixture("syslog")
        let port = try #require(try first.ports().first)
        let second = try ListeningFixture("syslog", [("listen", .text("tcp://127.0.0.1:\(port)"))])
        let error = second.session.wait(for: "an error") { $0.error }
        #expect(
            error?.message
                == "cannot listen on tcp://127.0.0.1:\(port): address already in use; another program (often rsyslog or syslog-ng) listens there: stop it, or choose another port"
        )
    }
}
