import Glibc
import SluiceComponent
import SluiceConfig
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// Messages over real sockets.
@Suite struct ForwardInputTests {
    @Test func `every mode gives events with their tag and time`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        peer.send(packed("c0"))
        peer.send(packed("93 a5 'a.one' d7 00 55ecb838 00000001 82 a3 'log' a4 'text' a1 'n' 05"))
        peer.send(packed("92 a5 'a.two' 92 92 01 81 a1 'n' 01 92 02 81 a1 'n' 02"))
        peer.send(packed("92 a1 't' c4 07 92 01 81 a1 'n' cc 80"))
        peer.send(packed("92 a1 't' a6 92 01 81 a1 'n' 07 c0"))
        peer.send(packed("92 a1 't' 91 92 92 01 81 a1 'm' 02 81 a1 'n' 03"))
        #expect(
            input.events(6) == [
                "timestamp=2015-09-06T22:03:36.000000001Z | log=text | n=5 | @tag=a.one | peer=127.0.0.1",
                "timestamp=1970-01-01T00:00:01Z | n=1 | @tag=a.two | peer=127.0.0.1",
                "timestamp=1970-01-01T00:00:02Z | n=2 | @tag=a.two | peer=127.0.0.1",
                "timestamp=1970-01-01T00:00:01Z | n=128 | @tag=t | peer=127.0.0.1",
                "timestamp=1970-01-01T00:00:01Z | n=7 | @tag=t | peer=127.0.0.1",
                "timestamp=1970-01-01T00:00:01Z | n=3 | @tag=t | @metadata={\"m\":2} | peer=127.0.0.1",
            ])
    }

    @Test func `compressed chunks are unpacked, also of several members`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        peer.send(packedMessage(0..<3, options: "81 aa 'compressed' a4 'gzip'", as: gzip))
        peer.send(
            packedMessage(3..<5, options: "82 a4 'size' 02 aa 'compressed' a4 'gzip'") { gzip(Array($0[..<9])) + gzip(Array($0[9...])) })
        peer.send(packedMessage(5..<6, options: "81 aa 'compressed' a4 'text'"))
        peer.send(packedMessage(0..<0, options: "81 aa 'compressed' a4 'gzip'", as: gzip))
        #expect(input.events(6) == (0..<6).map { number($0) })
    }

    @Test func `a large chunk that comes byte by byte and in pieces is whole, in order and in several batches`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        let bytes = packedMessage(0..<60_000, options: "81 a5 'chunk' a1 'c'")
        for byte in bytes.prefix(50) { peer.send([byte]) }
        peer.send(Array(bytes[50..<200_000]))
        peer.send(Array(bytes[200_000...]))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'c'"))
        let state = input.session.state.withLock { $0 }
        #expect(state.sent.flatMap(\.messages) == (0..<60_000).map { number($0) } && state.sent.count > 1)
        input.counts(.bytesRead, bytes.count)
    }

    @Test func `connections keep their order and their tags`() throws {
        let input = try ForwardFixture()
        let peers = try [input.connect(), input.connect()]
        for round in 0..<100 {
            for (number, peer) in peers.enumerated() {
                peer.send(packed("93 a1 '\(number)' 01 81 a1 'n' \(round < 16 ? "0" : "")\(String(round, radix: 16))"))
            }
        }
        let events = input.events(200)
        for number in 0..<2 {
            let own = events.filter { $0.contains("@tag=\(number) ") }
            #expect(own == (0..<100).map { "timestamp=1970-01-01T00:00:01Z | n=\($0) | @tag=\(number) | peer=127.0.0.1" })
        }
    }

    @Test func `an entry that is no event is a dead letter, and the others pass`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        peer.send(packed("93 a1 't' 94 92 01 81 a1 'n' 01 05 92 01 90 92 01 81 a1 'n' 02 81 a5 'chunk' a1 'c'"))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'c'"))
        #expect(input.events(2) == [1, 2].map { number($0) })
        let refused = input.session.state.withLock { $0.refused }
        #expect(
            refused == [
                "\u{5}: the entry is not an array of a time and a record", "\u{FFFD}\u{1}\u{FFFD}: the entry's record is not a map",
            ])
    }

    @Test func `metrics and traces are a dead letter, and acknowledged`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        peer.send(packed("93 a1 't' a3 'xyz' 82 a5 'chunk' a1 'c' ad 'fluent_signal' 01"))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'c'"))
        let refused = input.session.state.withLock { $0.refused }
        #expect(refused.count == 1 && refused[0].hasSuffix("`fluent_signal` is 1 (metrics or traces); the forward input takes logs"))
    }

    @Test func `a dead letter of a whole chunk is bounded`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        let text = [UInt8](repeating: 0x78, count: 100_000)
        peer.send(packed("93 a1 't' c6 000186a0") + text + packed("82 a5 'chunk' a1 'c' ad 'fluent_signal' 02"))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'c'"))
        #expect(input.session.state.withLock { $0.refused }.first?.hasSuffix("; 34496 further bytes were left out") ?? false)
    }

    @Test func `peers of Unix sockets are known by their process`() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/fluent.sock"
        let input = try ForwardFixture([("listen", .text("unix:" + path))])
        let peer = try input.connect(path: path)
        peer.send(packed("93 a1 't' 01 81 a1 'n' 01"))
        #expect(
            input.events(1) == ["timestamp=1970-01-01T00:00:01Z | n=1 | @tag=t | @pid=\(getpid()) | @uid=\(getuid()) | @gid=\(getgid())"])
    }

    @Test func `a peer that sends too much loses what is too much, counted and acknowledged`() throws {
        let input = try ForwardFixture([("rate_limit", .text("10"))])
        let peer = try input.connect()
        peer.send(packedMessage(0..<100, options: "81 a5 'chunk' a1 'c'"))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'c'"))
        #expect(input.events(10) == (0..<10).map { number($0) })
        #expect(input.session.counter(.rateLimited) == 90)
    }

    @Test func `heartbeats that come as datagrams are answered with one byte`() throws {
        let input = try ForwardFixture([("udp_heartbeat", .text("true"))])
        let port = try input.port()
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(status == 0)
        let deadline = MonotonicClock.now + 20_000_000_000
        var answer: [UInt8] = []
        // The socket may be bound a moment after the port was told.
        while answer.isEmpty, MonotonicClock.now < deadline {
            _ = send(descriptor, [0, 1, 2], 3, 0)
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 100) == 1 else { continue }
            var room = [UInt8](repeating: 9, count: 10)
            let count = recv(descriptor, &room, 10, 0)
            if count > 0 { answer = Array(room[..<count]) }
        }
        #expect(answer == [0])
    }

    @Test func `an input that is held back reads no more and ends when it is stopped`() throws {
        let input = try ForwardFixture()
        input.session.hold()
        let peer = try input.connect()
        peer.send(packed("93 a1 't' 01 81 a1 'n' 01"))
        input.session.awaitHeld()
        input.running.stop()
        #expect(input.session.state.withLock { $0.sent } == [])
        #expect(peer.rest() == [])
    }
}
