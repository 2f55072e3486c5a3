import Glibc
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import SluiceTestKit
import Testing

@testable import SluiceOutputs

/// Receivers that end, stall and lie.
@Suite struct ForwardFaultTests {
    private let folder = OutputFolder()

    /// Takes chunks off a connection until it ends, and acknowledges each.
    static func acknowledgeAll(_ peer: LoopbackPeer) -> [ReceivedChunk] {
        var receiver = ForwardReceiver(peer.accept())
        var chunks: [ReceivedChunk] = []
        while let chunk = receiver.chunk() {
            chunks.append(chunk)
            receiver.acknowledge(chunk)
        }
        return chunks
    }

    @Test func `only what was not acknowledged is sent again, under new names`() throws {
        let peer = LoopbackPeer()
        let output = try folder.forward(peer.address)
        let call = ForwardAttempt(output, entries(("a", [1]), ("b", [2]), ("c", [3])), entries(("d", [4])))
        let first = Call { call.attempt()?.message }
        var receiver = ForwardReceiver(peer.accept())
        let chunks = (0..<4).compactMap { _ in receiver.chunk() }
        receiver.acknowledge(chunks[0])
        receiver.acknowledge(chunks[1])
        receiver.connection.finish()
        receiver.connection.close()
        #expect(first.wait() == "\(peer.address): the receiver has closed the connection")
        #expect(call.parcels.map(\.partsWritten) == [2, 0] && output.counter("connections_open") == 0)
        let second = Call { Self.acknowledgeAll(peer) }
        #expect(call.attempt() == nil)
        try output.close()
        let again = second.wait()
        #expect(again.map(\.tag) == ["c", "d"])
        #expect(again.allSatisfy { chunk in !chunks.contains { $0.name == chunk.name } })
        #expect(output.counter("chunks_sent") == 6 && output.counter("chunks_resent") == 2)
    }

    @Test func `a part of many chunks goes on behind those that were acknowledged`() throws {
        let peer = LoopbackPeer()
        let output = try folder.forward(peer.address, options: [("chunk_size", .text("1KiB"))])
        let call = ForwardAttempt(output, entries(("a", Array(0..<150))))
        let first = Call { call.attempt()?.message }
        var receiver = ForwardReceiver(peer.accept())
        let sent = numbers(receiver.chunk()?.entries ?? [])
        // The name is acknowledged by hand: the chunk is gone.
        #expect(sent == Array(0..<60))
        receiver.connection.reset()
        #expect(first.wait() != nil)
        #expect(call.parcels[0].partsWritten == 0 && call.parcels[0].partBytesWritten == 0)
        let second = Call { () -> [ReceivedChunk] in
            var receiver = ForwardReceiver(peer.accept())
            let chunks = (0..<3).compactMap { _ in receiver.chunk() }
            receiver.acknowledge(chunks[0])
            receiver.connection.finish()
            receiver.connection.close()
            return chunks
        }
        #expect(call.attempt() != nil)
        #expect(second.wait().map { numbers($0.entries).count } == [60, 60, 30])
        #expect(call.parcels[0].partsWritten == 0 && call.parcels[0].partBytesWritten == 60 * 17)
        let third = Call { Self.acknowledgeAll(peer) }
        #expect(call.attempt() == nil)
        try output.close()
        #expect(third.wait().flatMap { numbers($0.entries) } == Array(60..<150))
    }

    @Test func `a receiver that ends after any number of bytes loses nothing`() throws {
        let peer = LoopbackPeer()
        let length = 3 * (1 + 2 + 2 + 2 * 17 + 1 + 6 + 6 + 34)
        for count in 0...length {
            let output = try folder.forward(peer.address)
            let call = ForwardAttempt(output, entries(("a", [1, 2]), ("b", [3, 4])), entries(("c", [5, 6])))
            let attempt = Call { call.attempt()?.message }
            let first = peer.accept()
            let got = first.read(min(count, length))
            first.reset()
            #expect(attempt.wait() != nil, "\(count)")
            #expect(got.count <= count)
            let second = Call { Self.acknowledgeAll(peer) }
            #expect(try deliver(call.parcels, to: output) <= 1)
            try output.close()
            #expect(second.wait().flatMap { numbers($0.entries) } == [1, 2, 3, 4, 5, 6], "\(count)")
        }
    }

    @Test func `an acknowledgement that does not come in time is a fault, and one that comes buys time`() throws {
        let peer = LoopbackPeer()
        let output = try folder.forward(peer.address, options: [("ack_timeout", .text("1500ms"))])
        let call = ForwardAttempt(output, entries(("a", [1]), ("b", [2])))
        let attempt = Call { call.attempt()?.message }
        var receiver = ForwardReceiver(peer.accept())
        let chunks = (0..<2).compactMap { _ in receiver.chunk() }
        #expect(!attempt.isOver(within: 900))
        receiver.acknowledge(chunks[0])
        #expect(!attempt.isOver(within: 900))
        #expect(attempt.wait() == "\(peer.address): 1 chunks were not acknowledged for `ack_timeout` (1500 ms)")
        #expect(call.parcels[0].partsWritten == 1)
        // The connection is over: a late acknowledgement is nobody's.
        #expect(receiver.chunk() == nil)
    }

    @Test func `a connection that ended while nothing was under way is made anew without a fault`() throws {
        let peer = LoopbackPeer()
        let output = try folder.forward(peer.address)
        for round in 0..<3 {
            let call = ForwardAttempt(output, entries(("t", [round])))
            let attempt = Call { call.attempt()?.message }
            var receiver = ForwardReceiver(peer.accept())
            receiver.acknowledge(receiver.chunk())
            #expect(attempt.wait() == nil)
            receiver.connection.finish()
            receiver.connection.close()
            #expect(eventually { output.counter("connections_open") == 0 })
            #expect(try output.tend(now: 0) == nil)
        }
        #expect(output.counter("connects") == 3)
    }

    @Test(arguments: [
        (
            [0x48, 0x54, 0x54, 0x50] as [UInt8],
            "the receiver answers with something that is no acknowledgement; is it one of the forward protocol?"
        ),
        ([0xC1], "the receiver answers with something that is not of the forward protocol"),
        ([0xDB, 0xFF, 0xFF, 0xFF, 0xFF], "the receiver answers with something that is not of the forward protocol"),
    ])
    func `a receiver that says something else is told of`(said: [UInt8], expected: String) throws {
        let peer = LoopbackPeer()
        let call = ForwardAttempt(try folder.forward(peer.address), entries(("t", [1])))
        let attempt = Call { call.attempt()?.message }
        var receiver = ForwardReceiver(peer.accept())
        _ = receiver.chunk()
        receiver.write([0xC0] + said)
        #expect(attempt.wait() == "\(peer.address): \(expected)")
    }

    @Test func `a stop ends the wait for an acknowledgement`() throws {
        let peer = LoopbackPeer()
        let call = ForwardAttempt(try folder.forward(peer.address), entries(("t", [1])))
        let attempt = Call { call.attempt() }
        var receiver = ForwardReceiver(peer.accept())
        _ = receiver.chunk()
        #expect(!attempt.isOver(within: 50))
        folder.stop.set()
        #expect(attempt.wait()?.code == .stopped)
        #expect(call.parcels[0].partsWritten == 0)
    }

    @Test func `nobody there is an error that names the address`() throws {
        let address = LoopbackPeer().address
        let output = try folder.forward(address)
        let error = errorOf { () throws(OutputError) in try output.write(entries(("t", [1]))) }
        #expect(error?.message == "cannot connect to \(address): connection refused; nobody listens there")
    }

    @Test func `with round robin parcels take turns, and those of a receiver that ends go to the other`() throws {
        let peers = [LoopbackPeer(), LoopbackPeer()]
        let output = try folder.forward(
            peers[0].address, peers[1].address, options: [("balance", .text("round_robin"))])
        let call = ForwardAttempt(output, entries(("a", [1])), entries(("b", [2])), entries(("c", [3])), entries(("d", [4])))
        let attempt = Call { call.attempt()?.message }
        var first = ForwardReceiver(peers[0].accept())
        var second = ForwardReceiver(peers[1].accept())
        let ofFirst = (0..<2).compactMap { _ in first.chunk() }
        let ofSecond = (0..<2).compactMap { _ in second.chunk() }
        #expect(ofFirst.map(\.tag) == ["a", "c"] && ofSecond.map(\.tag) == ["b", "d"])
        for chunk in ofFirst { first.acknowledge(chunk) }
        second.connection.reset()
        #expect(attempt.wait() != nil)
        #expect(call.parcels.map(\.partsWritten) == [1, 0, 1, 0])
        let again = first
        let rest = Call { () -> [ReceivedChunk] in
            var first = again
            let chunks = (0..<1).compactMap { _ in first.chunk() }
            for chunk in chunks { first.acknowledge(chunk) }
            return chunks
        }
        let other = Call { () -> [ReceivedChunk] in
            var second = ForwardReceiver(peers[1].accept())
            let chunks = (0..<1).compactMap { _ in second.chunk() }
            for chunk in chunks { second.acknowledge(chunk) }
            return chunks
        }
        #expect(call.attempt() == nil)
        #expect((rest.wait() + other.wait()).map(\.tag).sorted() == ["b", "d"])
    }
}
