import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceNetwork
import SluiceOutputs
import Testing

@Suite struct SluiceOutputTests {
    private let folder = OutputFolder()
    private var path: String { folder.path + "/r" }

    private func output(_ options: [(String, OptionValues.Value)] = [], addresses: [String]? = nil) throws -> any Output {
        let addresses = addresses ?? ["unix:\(path)"]
        return try folder.plan("sluice", [("address", .texts(addresses))] + options).makeOutput(folder.context)
    }

    /// Records as the encoder leaves them: their content is the receiver's matter.
    private func records(_ contents: [[UInt8]]) -> Parcel {
        let parcel = Parcel(delivery: nil)
        for content in contents {
            let length = UInt32(content.count)
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32(8 * $0)) } + content
            sl_buffer_append(parcel.bytes, bytes, bytes.count)
        }
        parcel.parts = [Parcel.Part(path: nil, length: parcel.byteCount, events: contents.count)]
        return parcel
    }

    private func records(_ texts: String...) -> Parcel { records(texts.map { Array($0.utf8) }) }

    /// The contents of all records that a receiver has taken.
    private func contents(_ receiver: TestReceiver) -> [String] {
        receiver.state.withLock { $0.payloads }.flatMap { payload in
            var rest = payload[...]
            var contents: [String] = []
            while rest.count >= 4 {
                let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
                contents.append(String(decoding: rest.dropFirst(4).prefix(length), as: UTF8.self))
                rest = rest.dropFirst(4 + length)
            }
            return contents
        }
    }

    private func wait(for flag: @escaping (TestReceiver.State) -> Bool, _ receiver: TestReceiver) -> Bool {
        receiver.wait { flag($0) ? true : nil } ?? false
    }

    @Test(arguments: TransferCompression.known) func `a commit returns when everything is acknowledged`(_ compression: TransferCompression)
        throws
    {
        let receiver = TestReceiver(path)
        let output = try output([("compression", .text(compression.name))])
        let long = String(repeating: "long ", count: 1_000)
        try output.write(records("one", "two"))
        try output.write(records(long))
        try output.commit()
        #expect(contents(receiver) == ["one", "two", long])
        #expect(receiver.state.withLock { $0.events } == [2, 1])
        #expect(receiver.state.withLock { $0.compressions }.contains(compression))
        try output.write(records("three"))
        try output.commit()
        try output.commit()
        #expect(contents(receiver).last == "three")
        #expect(output.counter("connections") == 1 && output.counter("frames_sent") == 3 && output.counter("frames_unacknowledged") == 0)
        let hello = receiver.state.withLock { $0.hellos }.first
        #expect(hello?.name == "main" && hello?.first == 1 && hello?.next == 3 && hello?.sent == 0)
        try output.close()
        #expect(wait(for: { $0.isGoodbyeSaid }, receiver))
    }

    @Test func `frames hold about a mebibyte, or one longer event`() throws {
        let receiver = TestReceiver(path)
        let output = try output([("compression", .text("none"))])
        let half = [UInt8](repeating: 1, count: 500 << 10)
        let long = [UInt8](repeating: 2, count: 3 << 20)
        try output.write(records([half, half, half, long, half]))
        try output.commit()
        #expect(receiver.state.withLock { $0.payloads.map(\.count) } == [1_024_008, 512_004, 3 << 20 + 4, 512_004])
        try output.write(records([[UInt8]](repeating: [1], count: 25_000)))
        try output.commit()
        #expect(receiver.state.withLock { $0.events }.suffix(3) == [10_000, 10_000, 5_000])
    }

    @Test func `nothing is delivered while nobody is there, and everything afterwards`() throws {
        let output = try output()
        try output.write(records("one"))
        let error = errorOf { () throws(OutputError) in try output.commit() }
        #expect(error?.code == .cannotWrite && error?.isPermanent == false)
        #expect(error?.message == "cannot connect to unix:\(path): there is no such socket")
        let receiver = TestReceiver(path)
        try output.commit()
        #expect(contents(receiver) == ["one"])
    }

    /// Every place in the stream at which the receiver may hang up.
    @Test func `a cut anywhere is mended by the next commit, without repetitions`() throws {
        for bytesMax in stride(from: 1, to: 260, by: 3) {
            let receiver = TestReceiver(path, .init(bytesMax: bytesMax))
            let output = try output([("compression", .text("none"))])
            try output.write(records("one"))
            try output.write(records("two", "three"))
            var attempts = 0
            while errorOf({ () throws(OutputError) in try output.commit() }) != nil {
                attempts += 1
                receiver.set { $0.bytesMax = nil }
                try #require(attempts < 5)
            }
            #expect(contents(receiver) == ["one", "two", "three"], "cut behind \(bytesMax) bytes")
            try output.close()
            receiver.end()
        }
    }

    @Test func `a receiver that lost what it had is sent it again, and told so`() throws {
        let receiver = TestReceiver(path, .init(isConfirming: false))
        let output = try output()
        try output.write(records("one"))
        let box = UncheckedOutput(output)
        withThread {
            _ = errorOf { () throws(OutputError) in try box.output.commit() }
        } meanwhile: {
            #expect(wait(for: { $0.payloads.count == 1 }, receiver))
            receiver.end()
        }
        let second = TestReceiver(path)
        let error = errorOf { () throws(OutputError) in try output.commit() }
        #expect(error == nil)
        #expect(contents(second) == ["one"] && second.state.withLock { $0.repeated } == 1 && output.counter("frames_resent") == 1)
    }

    @Test func `a stop ends a commit that waits`() throws {
        let receiver = TestReceiver(path, .init(isConfirming: false))
        let output = try output()
        try output.write(records("one"))
        let box = UncheckedOutput(output)
        let folder = folder
        let code = Monitor<OutputError.Code?>(nil)
        withThread {
            let error = errorOf { () throws(OutputError) in try box.output.commit() }
            code.withLock { $0 = error?.code }
        } meanwhile: {
            #expect(wait(for: { $0.payloads.count == 1 }, receiver))
            folder.stop.set()
        }
        #expect(code.withLock { $0 } == .stopped)
    }

    @Test func `a receiver that says nothing is given up after the time for it`() throws {
        let receiver = TestReceiver(path, .init(isSilent: true))
        let output = try output([("ack_timeout", .text("1s"))])
        try output.write(records("one"))
        let error = errorOf { () throws(OutputError) in try output.commit() }
        #expect(
            error?.message
                == "unix:\(path): the receiver has not said anything for `ack_timeout` (1s); what was not acknowledged is sent again")
        receiver.set { $0.isSilent = false }
        try output.commit()
        #expect(contents(receiver) == ["one"])
    }

    @Test func `what the receiver objects to is the error's sentence`() throws {
        func message(_ manner: TestReceiver.Manner, _ options: [(String, OptionValues.Value)] = []) throws -> OutputError? {
            let receiver = TestReceiver(path, manner)
            defer { receiver.end() }
            let output = try output(options)
            try output.write(records("one"))
            return errorOf { () throws(OutputError) in try output.commit() }
        }
        let token = try message(.init(token: "right"), [("token", .text("wrong"))])
        #expect(token?.code == .notPermitted)
        #expect(
            token?.message
                == "unix:\(path): the sender has another token than the receiver; `token` has to be the same on both sides")
        #expect(try message(.init(token: "right"), [("token", .text("right"))]) == nil)
        let foreign = try message(.init(words: Array("220 mail.example.net ESMTP\r\n".utf8)))
        #expect(foreign?.message == "unix:\(path): what answers is no `type: sluice` input")
        let newer = try message(.init(words: Array("SLUICE".utf8) + [9, 0]))
        #expect(newer?.message.contains("the peer speaks version 9 of the protocol and this program version 1") == true)
        let gone = try message(.init(words: []))
        #expect(gone?.message.hasPrefix("unix:\(path): the ") == true && gone?.message.contains("connection") == true)
    }

    @Test func `an event that the receiver does not take is given up by itself, and the others go on`() throws {
        let receiver = TestReceiver(path, .init(payloadBytesMax: 1 << 20))
        let output = try output()
        let parcels = [records("first"), records([Array("before".utf8), [UInt8](repeating: 1, count: 2 << 20), Array("after".utf8)])]
        for parcel in parcels { try output.write(parcel) }
        // How long an event may be is known when the receiver has answered: nothing was sent.
        let error = errorOf { () throws(OutputError) in try output.commit() }
        #expect(error?.isPermanent == false)
        let reason = "exceeds the receiver's `max_frame_size` (1048576 bytes); raise it there; the others are sent without it"
        #expect(error?.message.hasSuffix(reason) == true)
        #expect(receiver.state.withLock { $0.payloads } == [] && parcels.map(\.partsWritten) == [0, 0])
        try output.write(parcels[0])
        let refusal = errorOf { () throws(OutputError) in try output.write(parcels[1]) }
        #expect(refusal?.isPermanent == true && refusal?.message.contains("an event of 2097156 bytes exceeds") == true)
        #expect(parcels[1].parts.map(\.events) == [1, 1, 1] && parcels[1].partsWritten == 1)
        // The part is somebody else's now.
        parcels[1].partsWritten = 2
        try output.write(parcels[1])
        try output.commit()
        #expect(contents(receiver) == ["first", "before", "after"])
        #expect(receiver.state.withLock { $0.repeated } == 0 && output.counter("frames_resent") == 0)
        try output.write(records("next"))
        try output.commit()
        #expect(contents(receiver).last == "next")
    }

    @Test func `an event that no receiver takes is refused at once`() throws {
        let huge = records([[UInt8](repeating: 0, count: 64 << 20)])
        let output = try output()
        let error = errorOf { () throws(OutputError) in try output.write(huge) }
        #expect(error?.isPermanent == true)
        #expect(error?.message == "an event of 67108868 bytes is longer than any receiver takes (67108864 bytes)")
    }

    @Test func `a batch that was given up is not sent with the next one`() throws {
        let output = try output()
        try output.write(records("given up"))
        #expect(errorOf { () throws(OutputError) in try output.commit() } != nil)
        let receiver = TestReceiver(path)
        try output.write(records("next"))
        try output.commit()
        #expect(contents(receiver) == ["next"])
    }

    @Test func `a connection that ended while nothing was to be sent does no harm`() throws {
        var receiver = TestReceiver(path)
        let output = try output()
        try output.write(records("one"))
        try output.commit()
        receiver.end()
        receiver = TestReceiver(path)
        try output.write(records("two"))
        try output.commit()
        #expect(contents(receiver) == ["two"] && output.counter("connections") == 2)
    }

    @Test func `the second address is used while the first is down, and the first again when it is back`() throws {
        let second = TestReceiver(folder.path + "/second")
        let output = try output([("failback", .text("100ms"))], addresses: ["unix:\(path)", "unix:\(folder.path)/second"])
        try output.write(records("one"))
        try output.commit()
        #expect(contents(second) == ["one"])
        let first = TestReceiver(path)
        var number = 1
        let deadline = MonotonicClock.now + 20_000_000_000
        while contents(first).isEmpty, MonotonicClock.now < deadline {
            number += 1
            try output.write(records("\(number)"))
            try output.commit()
            _ = folder.stop.wait(nanoseconds: 10_000_000)
        }
        #expect(contents(second).count + contents(first).count == number)
        #expect(contents(first) == ["\(number)"])
        try output.close()
    }

    @Test func `an idle connection is looked after`() throws {
        let receiver = TestReceiver(path)
        let output = try output()
        #expect(try output.tend(now: 5) == nil)
        try output.write(records("one"))
        try output.commit()
        #expect(try output.tend(now: 5) == 5 + 10_000_000_000)
        #expect(receiver.state.withLock { $0.pings } == 0)
    }

    @Test func `options that cannot be are refused`() {
        func refusal(_ options: [(String, OptionValues.Value)]) -> String? {
            do throws(ConfigError) {
                _ = try folder.plan("sluice", options)
                return nil
            } catch { return error.message }
        }
        #expect(refusal([("address", .text("tcp://collector"))]) == nil)
        #expect(refusal([("address", .text("udp://collector"))])?.contains("is no address for `address`") == true)
        #expect(refusal([("address", .text("tcp://c")), ("balance", .text("failover"))])?.contains("unknown option `balance`") == true)
        #expect(refusal([("address", .text("tcp://c")), ("compression", .text("lz4"))]) != nil)
        #expect(
            refusal([("address", .text("tcp://c")), ("token", .text(String(repeating: "x", count: 1_025)))])?.contains("1025 bytes") == true
        )
    }
}

/// An output on its way to another thread, which is its only user until it has ended.
private struct UncheckedOutput: @unchecked Sendable {
    // SAFETY: the test uses it again only behind the thread's end.
    let output: any Output

    init(_ output: any Output) { self.output = output }
}
