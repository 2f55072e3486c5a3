import Foundation
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import SluiceTestKit
import Testing

/// Stream outputs against receivers on loopback that fail in every way they can.
@Suite(.timeLimit(.minutes(2))) struct NetworkStreamTests {
    private let folder = OutputFolder()

    /// What the connections of a test got, each cut into its whole lines.
    private func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test func `records arrive framed, behind the header of each connection`() throws {
        let peer = LoopbackPeer()
        for (framing, header, expected) in [
            ("newline", "a,b\n", "a,b\n1,2\n3,4\n"), ("nul", "a,b\n", "a,b\u{0}1,2\u{0}3,4\u{0}"),
            ("octet_counting", "a,b\n", "3 a,b3 1,23 3,4"), ("newline", "", "1,2\n3,4\n"),
        ] {
            let output = try folder.output("tcp", peer.address, options: [("framing", .text(framing))], header: header)
            let receiver = Elsewhere { peer.accept().readToEnd() }
            #expect(try deliver([records("1,2", "3,4")], to: output) == 0)
            try output.close()
            #expect(String(decoding: receiver.wait(), as: UTF8.self) == expected)
            #expect(output.counter("connects") == 1 && output.counter("resent_records") == 0)
        }
    }

    @Test func `a Unix stream gets the records`() throws {
        let path = "\(folder.path)/s.sock"
        let peer = LoopbackPeer(path: path)
        let receiver = Elsewhere { peer.accept().readToEnd() }
        let output = try folder.output("unix", "unix:s.sock")
        try deliver([records("one"), records("two", "three")], to: output)
        try output.close()
        #expect(lines(receiver.wait()) == ["one", "two", "three"])
    }

    /// How a receiver ends its connection.
    enum Ending: CaseIterable, Sendable { case reset, close, closeAfterRest }

    @Test(arguments: Ending.allCases)
    func `a receiver that ends after any number of bytes costs nothing`(_ ending: Ending) throws {
        let texts = ["alpha", "", "gamma ray", "d", "epsilon"]
        let total = texts.reduce(0) { $0 + $1.utf8.count + 1 }
        for count in 0...total {
            let peer = LoopbackPeer()
            let output = try folder.output("tcp", peer.address)
            let hasSecond = StopFlag()
            let receiver = Elsewhere { () -> (first: [UInt8], second: [UInt8]) in
                let connection = peer.accept()
                var first = connection.read(count)
                switch ending {
                case .reset: connection.reset()
                case .close: connection.close()
                case .closeAfterRest:
                    // Reads what came meanwhile, and closes: whatever follows is refused.
                    Interval.pass(microseconds: 2_000)
                    var more = [UInt8](repeating: 0, count: 1 << 10)
                    let got = recv(connection.descriptor, &more, more.count, Int32(MSG_DONTWAIT))
                    if got > 0 { first += more[..<got] }
                    connection.close()
                }
                let successor = peer.accept()
                hasSecond.set()
                return (first, successor.readToEnd())
            }
            // Each in its own batch, so that some are acknowledged before the end.
            for text in texts { try deliver([records(text)], to: output) }
            let last = Elsewhere { [output = Carried(output)] in _ = try? deliver([records("the end")], to: output.value) }
            last.wait()
            // The receiver waits for a second connection: there is one at the latest when the first turns out to be broken.
            let isReplaced = try eventually {
                _ = try? output.tend(now: 0)
                if hasSecond.isSet { return true }
                try deliver([records("again")], to: output)
                return false
            }
            #expect(isReplaced, "\(count) \(ending)")
            try output.close()
            let got = receiver.wait()
            let first = lines(got.first)
            let second = lines(got.second)
            let expected = texts + ["the end"]
            // In order, and whole, on each connection.
            #expect(first == Array((expected + Array(repeating: "again", count: 200)).prefix(first.count)), "\(count)")
            let rest = second.prefix { $0 != "again" }
            #expect(Array(expected.suffix(rest.count)) == Array(rest), "\(count) \(ending): \(first) \(second)")
            #expect(first.filter { $0 != "again" }.count + rest.count >= expected.count, "\(count) \(ending): \(first) \(second)")
        }
    }

    @Test func `what a killed receiver had not read is sent again`() throws {
        let peer = LoopbackPeer()
        let output = try folder.output("tcp", peer.address)
        try deliver([records("one", "two"), records("three")], to: output)
        let dead = peer.accept()
        #expect(dead.read(4) == Array("one\n".utf8))
        try deliver([records("four")], to: output)
        dead.close()
        // Idle: the output notices by itself.
        let hasNoticed = try eventually {
            _ = try output.tend(now: 0)
            return output.counter("connections_broken") != 0
        }
        #expect(hasNoticed)
        let receiver = Elsewhere { peer.accept().readToEnd() }
        try deliver([records("five")], to: output)
        try output.close()
        #expect(lines(receiver.wait()) == ["one", "two", "three", "four", "five"])
        #expect(output.counter("resent_records") == 4 && output.counter("connections_broken") == 1)
    }

    @Test func `nothing is sent again to a receiver that had read everything`() throws {
        let peer = LoopbackPeer()
        let output = try folder.output("tcp", peer.address)
        for turn in 0..<5 {
            let receiver = Elsewhere {
                let connection = peer.accept()
                let line = connection.read(2)
                connection.close()
                return line
            }
            try deliver([records("\(turn)")], to: output)
            #expect(receiver.wait() == Array("\(turn)\n".utf8))
            // The end of the connection has to be here before the next record leaves.
            #expect(eventually { output.counter("connections_open") != 1 })
        }
        #expect(output.counter("resent_records") == 0 && output.counter("connections_broken") == 0)
        #expect(output.counter("connects") == 5)
    }

    @Test func `a receiver that stalls is given up, and its successor gets everything`() throws {
        let peer = LoopbackPeer(receiveBytes: 4 << 10)
        let output = try folder.output("tcp", peer.address, options: [("write_timeout", .text("1s"))])
        let texts = (0..<4_000).map { "\($0) " + String(repeating: "x", count: 4_000) }
        let parcel = records(texts)
        let error = errorOf { () throws(OutputError) in
            try output.write(parcel)
            try output.commit()
        }
        #expect(
            error?.message == "\(peer.address): the peer has taken nothing for `write_timeout`; the connection is given up")
        #expect(parcel.partsWritten == 0 && parcel.partBytesWritten == 0)
        let stalled = peer.accept()
        let receiver = Elsewhere { peer.accept().readToEnd() }
        try deliver([parcel], to: output)
        try output.close()
        #expect(lines(receiver.wait()) == texts)
        stalled.close()
    }

    @Test func `only the window is sent again`() throws {
        let peer = LoopbackPeer()
        let output = try folder.output("tcp", peer.address, options: [("resend_window", .text("100B"))])
        for number in 0..<50 { try deliver([records("record \(number)")], to: output) }
        let dead = peer.accept()
        dead.reset()
        #expect(eventually { output.counter("connections_open") != 1 })
        let receiver = Elsewhere { peer.accept().readToEnd() }
        try deliver([records("last")], to: output)
        try output.close()
        #expect(lines(receiver.wait()) == (40..<50).map { "record \($0)" } + ["last"])
    }

    @Test func `records go to several receivers in turn, and those of a dead one to the others`() throws {
        let peers = [LoopbackPeer(), LoopbackPeer(), LoopbackPeer()]
        let output = try folder.output(
            "tcp", peers[0].address, peers[1].address, peers[2].address, options: [("balance", .text("round_robin"))])
        for number in 0..<6 { try deliver([records("\(number)")], to: output) }
        let connections = peers.map { $0.accept() }
        #expect(connections.map { String(decoding: $0.read(4), as: UTF8.self) } == ["0\n3\n", "1\n4\n", "2\n5\n"])
        for number in 6..<9 { try deliver([records("\(number)")], to: output) }
        // The second dies with `7` unread, and nobody takes its place.
        #expect(output.counter("connections_open") == 3)
        connections[1].close()
        #expect(eventually { output.counter("connections_open") != 3 })
        let receivers = [0, 2].map { index in Elsewhere { connections[index].readToEnd() } }
        let again = Elsewhere { peers[1].accept().readToEnd() }
        for number in 9..<12 { try deliver([records("\(number)")], to: output) }
        try output.close()
        let got = receivers.map { lines($0.wait()) } + [lines(again.wait())]
        #expect(Set(got.flatMap { $0 }).isSuperset(of: (1..<12).filter { ![2, 3, 5].contains($0) }.map { "\($0)" }))
        #expect(output.counter("resent_records") == 3)
    }

    @Test func `the first address takes over again when it is back`() throws {
        let dead = LoopbackPeer().port
        let second = LoopbackPeer()
        let output = try folder.output(
            "tcp", "tcp://127.0.0.1:\(dead)", second.address, options: [("failback", .text("100ms"))])
        try deliver([records("to the second")], to: output)
        let first = LoopbackPeer(port: dead)
        let receivers = [second, first].map { peer in Elsewhere { peer.accept().readToEnd() } }
        let isBack = try eventually {
            _ = try output.tend(now: 0)
            return output.counter("connects") != 1
        }
        #expect(isBack)
        try deliver([records("to the first")], to: output)
        try output.close()
        #expect(receivers.map { lines($0.wait()) } == [["to the second"], ["to the first"]])
        #expect(output.counter("resent_records") == 0)
    }

    @Test func `records are paced, none is dropped`() throws {
        let peer = LoopbackPeer()
        let receiver = Elsewhere { peer.accept().readToEnd() }
        let output = try folder.output("tcp", peer.address, options: [("rate_limit", .text("200"))])
        let begin = MonotonicClock.now
        try deliver([records((0..<61).map { "\($0)" })], to: output)
        let elapsed = MonotonicClock.now - begin
        try output.close()
        #expect(lines(receiver.wait()).count == 61)
        #expect(elapsed > 240_000_000)
    }

    @Test func `nobody there is an error each time, and a stop ends a wait`() throws {
        let port = LoopbackPeer().port
        let output = try folder.output("syslog", "tcp://127.0.0.1:\(port)")
        for failures in 1...2 {
            let error = errorOf { () throws(OutputError) in try output.write(records("x")) }
            #expect(error?.message == "cannot connect to tcp://127.0.0.1:\(port): connection refused; nobody listens there")
            #expect(error?.code == .cannotWrite && error?.isPermanent == false)
            #expect(output.counter("connection_failures") == failures)
        }
        let peer = LoopbackPeer()
        let waiting = try folder.output("tcp", peer.address)
        let long = records(String(repeating: "x", count: 64 << 20))
        let stopper = Elsewhere { [folder] in
            Interval.pass(microseconds: 100_000)
            folder.stop.set()
        }
        let error = errorOf { () throws(OutputError) in
            try waiting.write(long)
            try waiting.commit()
        }
        #expect(error?.code == .stopped)
        stopper.wait()
    }

    @Test func `a peer that talks is not listened to`() throws {
        let peer = LoopbackPeer()
        let output = try folder.output("tcp", peer.address)
        try deliver([records("one")], to: output)
        let connection = peer.accept()
        for _ in 0..<64 { connection.write(String(repeating: "noise", count: 10_000)) }
        connection.write("the end")
        try deliver([records("two")], to: output)
        #expect(connection.read(8) == Array("one\ntwo\n".utf8))
        connection.close()
        #expect(eventually { output.counter("connections_open") != 1 })
        #expect(output.counter("connections_open") == 0)
    }
}

/// A reference that a test carries to another thread and uses only there.
struct Carried: @unchecked Sendable {
    // SAFETY: the test waits for the thread before it goes on.
    let value: any Output

    init(_ value: any Output) { self.value = value }
}
