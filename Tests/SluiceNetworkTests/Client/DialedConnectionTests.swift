import Glibc
import Logging
import NIOCore
import SluiceComponent
import SluiceNetwork
import SluiceTestKit
import Testing

/// Connections against peers on loopback that behave as told.
@Suite(.timeLimit(.minutes(1))) struct DialedConnectionTests {
    private let stop = StopFlag()
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func dialer(_ addresses: NetworkAddress..., timeout: Int64 = 10_000_000_000, discards: Bool = false) -> Dialer {
        Dialer(DialSetting(addresses: addresses, writeTimeoutNs: timeout), log: log, discardsInput: discards)
    }

    private func address(_ peer: LoopbackPeer) throws -> NetworkAddress {
        try NetworkAddress(peer.address, schemes: NetworkAddress.Scheme.allCases, folder: "/", key: "address")
    }

    private func send(_ text: String, _ connection: DialedConnection) throws {
        try connection.write(ByteBuffer(string: text), stop: stop)
    }

    private var soon: Int64 { MonotonicClock.now + 5_000_000_000 }

    @Test func `bytes go both ways and the end is seen`() throws {
        let peer = LoopbackPeer()
        let connection = try dialer(try address(peer)).connect(stop: stop)
        let far = peer.accept()
        try send("hello", connection)
        try connection.flush(stop: stop)
        #expect(far.read(5) == Array("hello".utf8))
        far.write("world")
        #expect(try connection.read(upTo: 3, until: soon, stop: stop) == Array("wor".utf8))
        #expect(try connection.read(upTo: 100, until: soon, stop: stop) == Array("ld".utf8))
        #expect(try connection.read(upTo: 100, until: MonotonicClock.now + 1_000_000, stop: stop) == nil)
        #expect(connection.isOpen)
        far.write("bye")
        far.close()
        #expect(connection.awaitEnd(until: soon, stop: stop) == .clean)
        #expect(!connection.isOpen)
        #expect(try connection.read(upTo: 100, until: soon, stop: stop) == Array("bye".utf8))
        #expect(try connection.read(upTo: 100, until: soon, stop: stop) == [])
        #expect(throws: NetworkError(.closed, "the peer has closed the connection")) { try send("more", connection) }
    }

    @Test func `a Unix socket is written until it is read`() throws {
        let path = "/tmp/sluice-dial-\(getpid()).sock"
        unlink(path)
        let peer = LoopbackPeer(path: path)
        defer { unlink(path) }
        let connection = try dialer(try address(peer), timeout: 200_000_000).connect(stop: stop)
        let far = peer.accept()
        try send("first", connection)
        #expect(far.read(5) == Array("first".utf8))
        try connection.flush(stop: stop)
        try send("second", connection)
        // Nobody reads it.
        let error = #expect(throws: NetworkError.self) { try connection.flush(stop: stop) }
        #expect(error?.code == .timedOut)
        far.close()
    }

    @Test func `a peer that closes with unread bytes has not taken them`() throws {
        let peer = LoopbackPeer()
        let connection = try dialer(try address(peer)).connect(stop: stop)
        let far = peer.accept()
        try send("unread", connection)
        try connection.flush(stop: stop)
        far.close()
        guard case .broken(let fault) = connection.awaitEnd(until: soon, stop: stop) else { throw Failure("ended clean") }
        #expect(fault == NetworkError(.closed, "the connection broke: connection reset by peer"))
        #expect(!connection.isOpen)
    }

    @Test func `a reset is seen while nobody calls`() throws {
        let peer = LoopbackPeer()
        let connection = try dialer(try address(peer), discards: true).connect(stop: stop)
        let far = peer.accept()
        far.write("nobody listens to this")
        far.reset()
        guard case .broken = connection.awaitEnd(until: soon, stop: stop) else { throw Failure("ended clean") }
        #expect(!connection.isOpen)
    }

    @Test func `a peer that reads nothing stops the writer, and ends the connection after a while`() throws {
        let peer = LoopbackPeer()
        let connection = try dialer(try address(peer), timeout: 300_000_000).connect(stop: stop)
        let far = peer.accept()
        let block = String(repeating: "x", count: 256 << 10)
        var sent = 0
        let begin = MonotonicClock.now
        let error = #expect(throws: NetworkError.self) {
            while sent < 1 << 30 {
                try send(block, connection)
                sent += block.utf8.count
            }
        }
        #expect(error == NetworkError(.timedOut, "the peer has taken nothing for `write_timeout`; the connection is given up"))
        #expect(sent < 64 << 20)
        #expect(MonotonicClock.now - begin < 8_000_000_000)
        far.close()
    }

    @Test func `a stop ends a wait`() throws {
        let peer = LoopbackPeer()
        let connection = try dialer(try address(peer)).connect(stop: stop)
        let far = peer.accept()
        let thread = WorkerThread("stopper") { [stop] in
            _ = StopFlag().wait(nanoseconds: 50_000_000)
            stop.set()
        }
        let error = #expect(throws: NetworkError.self) { _ = try connection.read(upTo: 1, until: soon, stop: stop) }
        #expect(error?.code == .stopped)
        thread.join()
        far.close()
    }

    @Test func `an orderly close delivers what was sent`() throws {
        let peer = LoopbackPeer()
        let connection = try dialer(try address(peer)).connect(stop: stop)
        let far = peer.accept()
        far.write("greeting that is never read")
        try send("last words", connection)
        try connection.flush(stop: stop)
        connection.close()
        #expect(far.readAll() == Array("last words".utf8))
        far.close()
        #expect(connection.awaitEnd(until: soon, stop: stop) == .clean)
    }

    @Test func `a peer that keeps its side open is let go without a complaint`() throws {
        let peer = LoopbackPeer()
        let connection = try dialer(try address(peer)).connect(stop: stop)
        let far = peer.accept()
        try send("last words", connection)
        try connection.flush(stop: stop)
        connection.close()
        #expect(connection.awaitEnd(until: soon, stop: stop) == .unanswered)
        #expect(far.readToEnd() == Array("last words".utf8))
    }

    @Test func `nobody there is said with the address`() throws {
        let port = LoopbackPeer().port
        #expect(throws: NetworkError(.refused, "cannot connect to tcp://127.0.0.1:\(port): connection refused; nobody listens there")) {
            _ = try dialer(.tcp(host: "127.0.0.1", port: port)).connect(stop: stop)
        }
        #expect(throws: NetworkError(.missing, "cannot connect to unix:/nowhere/x.sock: there is no such socket")) {
            _ = try dialer(.unix(path: "/nowhere/x.sock")).connect(stop: stop)
        }
        let error = #expect(throws: NetworkError.self) {
            _ = try dialer(.tcp(host: "no-such-host.invalid", port: 1)).connect(stop: stop)
        }
        #expect(error?.code == .unresolvable)
    }

    @Test func `the first address that can be reached is taken`() throws {
        let dead = LoopbackPeer().port
        let peer = LoopbackPeer()
        let connection = try dialer(.tcp(host: "127.0.0.1", port: dead), try address(peer)).connect(stop: stop)
        #expect(try connection.address == address(peer))
        peer.accept().close()
    }
}

/// A test's expectation in words.
struct Failure: Error {
    let text: String

    init(_ text: String) { self.text = text }
}
