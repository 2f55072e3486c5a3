import Glibc
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import SluiceTestKit
import Testing

/// Datagram outputs against receivers on this machine that come and go.
@Suite(.timeLimit(.minutes(1))) struct DatagramOutputTests {
    private let folder = OutputFolder()

    @Test func `each record is a datagram, cut when it is too long`() throws {
        let receiver = DatagramReceiver()
        let output = try folder.output("udp", receiver.address, options: [("max_datagram", .text("256B"))])
        let long = String(repeating: "ä", count: 200)
        try deliver([records("one", "", "with\nlines\0and NUL"), records("x" + long)], to: output)
        #expect(receiver.read(4) == ["one", "", "with\nlines\0and NUL", "x" + String(repeating: "ä", count: 127)])
        #expect(output.counter("datagrams_cut") == 1 && output.counter("connects") == 1)
        try output.close()
    }

    @Test func `the largest datagram is found by asking`() throws {
        let receiver = DatagramReceiver()
        let output = try folder.output("udp", receiver.address)
        try deliver([records(String(repeating: "x", count: 70_000))], to: output)
        #expect(receiver.read(1)[0].utf8.count == 65_507)
        #expect(output.counter("datagrams_cut") == 1)
    }

    @Test func `a port that nobody listens on is an error, and everything arrives when somebody does`() throws {
        let port = DatagramReceiver().port
        let output = try folder.output("udp", "udp://127.0.0.1:\(port)")
        let parcels = [records("one", "two", "three"), records("four")]
        let error = errorOf { () throws(OutputError) in
            for parcel in parcels { try output.write(parcel) }
            try output.commit()
        }
        #expect(error?.message == "cannot send to udp://127.0.0.1:\(port): connection refused; nobody listens there")
        #expect(parcels.allSatisfy { $0.partsWritten == 0 && $0.partBytesWritten == 0 })
        #expect(output.counter("refusals") == 2)
        let receiver = DatagramReceiver(port: port)
        try deliver(parcels, to: output)
        #expect(receiver.read(4) == ["one", "two", "three", "four"])
    }

    @Test func `a single record that is refused is not lost`() throws {
        let port = DatagramReceiver().port
        let output = try folder.output("udp", "udp://127.0.0.1:\(port)")
        let parcel = records("one")
        #expect(
            errorOf { () throws(OutputError) in
                try output.write(parcel)
                try output.commit()
            } != nil)
        let receiver = DatagramReceiver(port: port)
        try deliver([parcel], to: output)
        #expect(receiver.read(1) == ["one"])
    }

    @Test func `records of a receiver that is gone go to the next`() throws {
        let port = DatagramReceiver().port
        let second = DatagramReceiver()
        let output = try folder.output("udp", "udp://127.0.0.1:\(port)", second.address)
        #expect(try deliver([records("one", "two")], to: output) == 1)
        #expect(second.read(2) == ["one", "two"])
        let spread = try folder.output("udp", second.address, second.address, options: [("balance", .text("round_robin"))])
        try deliver([records("1"), records("2"), records("3")], to: spread)
        #expect(second.read(3) == ["1", "2", "3"])
        #expect(spread.counter("connects") == 2)
    }

    @Test func `a Unix datagram counts when it was read`() throws {
        let path = "\(folder.path)/d.sock"
        let receiver = DatagramReceiver(path: path)
        let output = try folder.output("unix", "unixgram:d.sock", options: [("write_timeout", .text("100ms"))])
        let parcel = records("one", "two")
        let error = errorOf { () throws(OutputError) in
            try output.write(parcel)
            try output.commit()
        }
        #expect(error?.message == "cannot send to unixgram:\(path): it has read nothing for all of `write_timeout`")
        #expect(receiver.read(2) == ["one", "two"])
        try deliver([parcel], to: Reading.during(output, receiver, 2, ["one", "two"]))
    }

    @Test func `what a dead receiver had not read goes to the next one at the path`() throws {
        let path = "\(folder.path)/d.sock"
        var receiver: DatagramReceiver? = DatagramReceiver(path: path)
        let output = try folder.output("syslog", "unixgram:\(path)")
        let parcels = [records("one", "two", "three")]
        try output.write(parcels[0])
        #expect(receiver?.read(1) == ["one"])
        receiver = nil
        let error = errorOf { () throws(OutputError) in try output.commit() }
        #expect(error?.message == "cannot send to unixgram:\(path): there is no such socket")
        #expect(errorOf { () throws(OutputError) in try output.write(parcels[0]) } == error)
        let next = DatagramReceiver(path: path)
        let got = Elsewhere { next.read(3) }
        try deliver(parcels, to: output)
        #expect(got.wait() == ["one", "two", "three"])
        #expect(output.counter("resent_records") == 3)
    }

    @Test func `a full queue makes the output wait, and a stop ends that`() throws {
        let receiver = DatagramReceiver(path: "\(folder.path)/d.sock")
        let output = try folder.output("unix", "unixgram:d.sock")
        let texts = (0..<5_000).map { "record \($0)" }
        let slow = Elsewhere {
            var got: [String] = []
            while got.count < texts.count {
                got += receiver.read(min(100, texts.count - got.count))
                Interval.pass(microseconds: 200)
            }
            return got
        }
        try deliver([records(texts)], to: output)
        #expect(slow.wait() == texts)
        let stopper = Elsewhere { [folder] in
            Interval.pass(microseconds: 50_000)
            folder.stop.set()
        }
        let error = errorOf { () throws(OutputError) in
            try output.write(records(texts))
            try output.commit()
        }
        #expect(error?.code == .stopped)
        stopper.wait()
    }

    /// Makes an output whose commits have a reader.
    private enum Reading {
        static func during(_ output: any Output, _ receiver: DatagramReceiver, _ count: Int, _ expected: [String]) -> any Output {
            let thread = Elsewhere { receiver.read(count) }
            return ReadOutput(output) { #expect(thread.wait() == expected) }
        }
    }

    private final class ReadOutput: Output {
        private let output: any Output
        private let read: () -> Void

        init(_ output: any Output, _ read: @escaping () -> Void) {
            self.output = output
            self.read = read
        }

        func write(_ parcel: Parcel) throws(OutputError) { try output.write(parcel) }

        func commit() throws(OutputError) {
            try output.commit()
            read()
        }

        func close() throws(OutputError) { try output.close() }
    }
}
