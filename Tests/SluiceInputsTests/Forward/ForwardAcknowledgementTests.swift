import Glibc
import SluiceComponent
import SluiceConfig
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// When chunks are acknowledged, and when they are not.
@Suite struct ForwardAcknowledgementTests {
    static func chunk(_ name: String, _ number: String) -> [UInt8] {
        packed("93 a1 't' 91 92 01 81 a1 'n' \(number) 81 a5 'chunk' \(name)")
    }

    @Test func `a chunk is acknowledged when it is delivered, and not before`() throws {
        let input = try ForwardFixture(isConfirming: false)
        let peer = try input.connect()
        peer.send(Self.chunk("a1 'a'", "01"))
        #expect(input.events(1) == [number(1)])
        #expect(peer.read(1, milliseconds: 100) == nil)
        input.session.owes(1)
        input.session.confirm()
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'a'"))
    }

    @Test func `who waits for an acknowledgement is neither idle nor stalls`() throws {
        let input = try ForwardFixture([("idle_timeout", .text("500ms")), ("stall_timeout", .text("500ms"))], isConfirming: false)
        let peer = try input.connect()
        peer.send(Self.chunk("a1 'a'", "01"))
        input.session.owes(1)
        #expect(peer.read(1, milliseconds: 1_500) == nil)
        input.session.confirm()
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'a'"))
        #expect(peer.rest() == [])
        #expect(input.session.counter(.connectionsTimedOut) == 1)
    }

    @Test func `acknowledgements come in order, with the names as they came`() throws {
        let input = try ForwardFixture(isConfirming: false)
        let peer = try input.connect()
        peer.send(Self.chunk("a1 'a'", "01"))
        input.session.owes(1)
        peer.send(Self.chunk("c4 02 fffe", "02") + packed("93 a1 't' 91 92 01 81 a1 'n' 03 80") + Self.chunk("d9 01 'c'", "04"))
        _ = input.events(4)
        input.session.owes(2)
        input.session.confirm()
        #expect(peer.read(24) == packed("81 a3 'ack' a1 'a' 81 a3 'ack' c4 02 fffe 81 a3 'ack' d9 01 'c'"))
    }

    @Test func `each connection gets its own`() throws {
        let input = try ForwardFixture()
        let peers = try [input.connect(), input.connect()]
        for (index, peer) in peers.enumerated() { peer.send(Self.chunk("a1 '\(index)'", "0\(index)")) }
        for (index, peer) in peers.enumerated() { #expect(peer.read(7) == packed("81 a3 'ack' a1 '\(index)'")) }
    }

    @Test func `what was not confirmed is not acknowledged, and the connection is closed`() throws {
        let input = try ForwardFixture(isConfirming: false)
        let peer = try input.connect()
        peer.send(Self.chunk("a1 'a'", "01"))
        input.session.owes(1)
        input.session.confirm(false)
        #expect(peer.rest() == [])
    }

    @Test func `messages without a chunk are answered with nothing`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        peer.send(packed("93 a1 't' 01 81 a1 'n' 01 c0") + Self.chunk("a1 'z'", "02"))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'z'"))
    }

    @Test func `a stop waits for what is on its way, so that it need not come twice`() throws {
        let input = try ForwardFixture(isConfirming: false)
        let peer = try input.connect()
        peer.send(Self.chunk("a1 'a'", "01"))
        input.session.owes(1)
        input.session.stop.set()
        #expect(peer.read(1, milliseconds: 300) == nil)
        input.session.confirm()
        #expect(peer.rest() == packed("81 a3 'ack' a1 'a'"))
        input.running.stop()
    }

    @Test func `what no lane takes at the stop is not acknowledged`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        peer.send(Self.chunk("a1 'a'", "01"))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'a'"))
        input.session.state.notify { $0.isRefusing = true }
        peer.send(Self.chunk("a1 'b'", "02"))
        #expect(peer.rest() == [])
        input.running.stop()
        #expect(input.session.counter(.eventsLost) == 1)
        #expect(input.session.logged.all.contains { $0.hasSuffix("; senders that wait for an acknowledgement send them again") })
    }

    @Test func `a stop does not wait for ever`() throws {
        let input = try ForwardFixture(isConfirming: false)
        let peer = try input.connect()
        peer.send(Self.chunk("a1 'a'", "01"))
        input.session.owes(1)
        let before = MonotonicClock.now
        input.running.stop()
        #expect(MonotonicClock.now - before < 15_000_000_000)
        #expect(peer.rest() == [])
        // Too late: nobody is there any more.
        input.session.confirm()
    }

    @Test func `a peer that went away is no harm to the others`() throws {
        let input = try ForwardFixture(isConfirming: false)
        let gone = try input.connect()
        gone.send(Self.chunk("a1 'a'", "01"))
        input.session.owes(1)
        gone.reset()
        input.counts(.connectionsOpen, 0)
        let peer = try input.connect()
        peer.send(Self.chunk("a1 'b'", "02"))
        input.session.owes(2)
        input.session.confirm()
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'b'"))
    }

    @Test func `who does not read acknowledgements is not read from`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        let name = String(repeating: "x", count: 1_000)
        let message = packed("93 a1 't' 91 92 01 81 a1 'n' 01 81 a5 'chunk' da 03e8 '\(name)'")
        let count = 30_000
        let sender = WorkerThread("sender") { for _ in 0..<count where !peer.send(message) { return } }
        // What nobody reads has filled the sockets when nothing more is taken.
        var before = -1
        while true {
            let taken = input.session.counter(.bytesRead)
            if taken == before, taken > 0 { break }
            before = taken
            Interval.pass(microseconds: 500_000)
        }
        #expect(before < count * message.count / 2)
        let answer = packed("81 a3 'ack' da 03e8 '\(name)'")
        var isSame = true
        for _ in 0..<count { isSame = isSame && peer.read(answer.count) == answer }
        #expect(isSame)
        sender.join()
    }

    @Test func `acknowledgements are given up to a turn`() {
        var owed = ForwardAcknowledgements()
        for (name, turn) in [("a1 'a'", 1), ("a1 'b'", 1), ("a1 'c'", 2), ("a1 'd'", 4)] as [(String, UInt64)] {
            packed(name).withUnsafeBytes { owed.add($0, turn: turn) }
        }
        #expect(owed.confirmed(upTo: 0) == [] && owed.count == 4)
        #expect(owed.confirmed(upTo: 1) == packed("81 a3 'ack' a1 'a' 81 a3 'ack' a1 'b'"))
        #expect(owed.confirmed(upTo: 3) == packed("81 a3 'ack' a1 'c'") && owed.count == 1)
        #expect(owed.confirmed(upTo: 3) == [])
        #expect(owed.confirmed(upTo: 9) == packed("81 a3 'ack' a1 'd'") && owed.count == 0)
    }
}
