import SluiceNetwork
import Testing

/// Bytes of a text.
func transferBytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension TransferReader {
    /// Takes bytes and gives out every whole frame.
    mutating func frames(of bytes: [UInt8]) throws(TransferError) -> [TransferFrame] {
        bytes.withUnsafeBytes { append($0) }
        var frames: [TransferFrame] = []
        while let frame = try next() { frames.append(frame) }
        return frames
    }
}

@Suite struct TransferFrameTests {
    static let identity = TransferIdentity(high: 0x0123_4567_89AB_CDEF, low: 7)

    static let every: [TransferFrame] = [
        .hello(.init(identity: identity, first: 3, next: 9, sent: 8, name: "büro", token: "secret")),
        .hello(.init(identity: identity, first: 1, next: 1, sent: 0, name: "", token: "")),
        .welcome(.init(received: 8, confirmed: 5, payloadBytesMax: 16 << 20, compressions: [.none, .gzip])),
        .data(.init(sequence: 9, events: 2, plainBytes: 5, compression: .none, payload: transferBytes("hello"))),
        .data(.init(sequence: .max, events: 65_536, plainBytes: 1 << 20, compression: .gzip, payload: [1, 2, 3])),
        .acknowledged(.max), .ping, .bye,
        .failed(TransferError(.token, "no")),
    ]

    private func reader() -> TransferReader {
        var reader = TransferReader()
        reader.payloadBytesMax = 16 << 20
        return reader
    }

    /// The code of the error, nil without one.
    private func fault(_ bytes: [UInt8], isGreeted: Bool = true, payloadBytesMax: Int? = 16 << 20) -> TransferError.Code? {
        var reader = TransferReader()
        reader.payloadBytesMax = payloadBytesMax
        do throws(TransferError) {
            _ = try reader.frames(of: (isGreeted ? TransferGreeting.bytes : []) + bytes)
            return nil
        } catch { return error.code }
    }

    @Test func `frames come back as they were, however the bytes are cut`() throws {
        let stream = Self.every.reduce(TransferGreeting.bytes) { $0 + $1.bytes }
        var whole = reader()
        #expect(try whole.frames(of: stream) == Self.every)
        #expect(!whole.isInFrame && whole.isGreeted)
        var dripped = reader()
        #expect(try stream.flatMap { byte throws in try dripped.frames(of: [byte]) } == Self.every)
        for cut in 0...stream.count {
            var reader = reader()
            let before = try reader.frames(of: Array(stream[..<cut]))
            #expect(try before + reader.frames(of: Array(stream[cut...])) == Self.every)
        }
    }

    @Test func `the layout is the one that is documented`() {
        #expect(TransferGreeting.bytes == transferBytes("SLUICE") + [1, 0])
        #expect(
            TransferFrame.acknowledged(0x0102).bytes.dropLast(4) == [8, 0, 0, 0, 4, 2, 1, 0, 0, 0, 0, 0, 0])
        #expect(TransferFrame.ping.bytes == [0, 0, 0, 0, 5, 0x92, 0x03, 0x48, 0xB6])
        let data = TransferFrame.data(.init(sequence: 1, events: 1, plainBytes: 2, compression: .none, payload: [0xAA, 0xBB]))
        #expect(data.bytes.dropLast(4) == [19, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0xAA, 0xBB])
    }

    @Test func `a damaged bit never gives another frame`() {
        for frame in Self.every {
            let bytes = frame.bytes
            for bit in 0..<bytes.count * 8 {
                var damaged = bytes
                damaged[bit / 8] ^= 1 << (bit % 8)
                var reader = reader()
                // A longer length makes it wait for more; everything else is a fault.
                let frames = try? reader.frames(of: TransferGreeting.bytes + damaged)
                #expect(frames == nil || frames == [], "bit \(bit) of \(frame)")
            }
        }
    }

    @Test func `who speaks something else is recognised by the first byte that differs`() {
        for text in ["GET / HTTP/1.1\r\n", "<34>1 2026", "\u{16}\u{3}\u{1}", "SSH-2.0-x", "SLUICF"] {
            #expect(fault(transferBytes(text), isGreeted: false) == .foreign, "\(text)")
        }
        #expect(fault(transferBytes("SLUI"), isGreeted: false) == nil)
        #expect(fault(transferBytes("SLUICE") + [2, 0], isGreeted: false) == .version)
    }

    @Test func `lengths are refused before what they promise has come`() {
        #expect(fault([1, 16, 0, 0, 1]) == .malformed)  // a hello of 4,097 bytes
        #expect(fault([0, 0, 0, 0xFF, 3]) == .tooLarge)
        #expect(fault([30, 0, 0, 0, 3], payloadBytesMax: nil) == .malformed)
        #expect(fault([16, 0, 0, 0, 3]) == .malformed)
        #expect(fault([0, 0, 0, 0, 99]) == .malformed)
        // Unpacked size in the head, before the payload is there.
        let head: [UInt8] = [100, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 2]
        #expect(fault(head) == .tooLarge)
    }

    @Test func `fields that contradict each other are refused`() {
        func data(_ change: (inout TransferFrame.Data) -> Void) -> [UInt8] {
            var data = TransferFrame.Data(sequence: 1, events: 1, plainBytes: 2, compression: .none, payload: [1, 2])
            change(&data)
            return TransferFrame.data(data).bytes
        }
        #expect(fault(data { _ in }) == nil)
        #expect(fault(data { $0.sequence = 0 }) == .malformed)
        #expect(fault(data { $0.events = 0 }) == .malformed)
        #expect(fault(data { $0.events = 65_537 }) == .malformed)
        #expect(fault(data { $0.plainBytes = 3 }) == .malformed)
        func hello(_ first: UInt64, _ next: UInt64) -> [UInt8] {
            TransferFrame.hello(.init(identity: Self.identity, first: first, next: next, sent: 0, name: "", token: "")).bytes
        }
        #expect(fault(hello(0, 1)) == .malformed)
        #expect(fault(hello(2, 1)) == .malformed)
        let welcome = TransferFrame.Welcome(received: 1, confirmed: 2, payloadBytesMax: 1 << 20, compressions: [.none])
        #expect(fault(TransferFrame.welcome(welcome).bytes) == .malformed)
    }

    @Test func `texts that are too long are cut where a character begins`() throws {
        var reader = reader()
        let hello = TransferFrame.Hello(
            identity: Self.identity, first: 1, next: 1, sent: 0, name: String(repeating: "é", count: 200), token: "")
        guard case .hello(let read) = try reader.frames(of: TransferGreeting.bytes + TransferFrame.hello(hello).bytes).first else {
            Issue.record("no hello")
            return
        }
        #expect(read.name == String(repeating: "é", count: 127))
    }

    @Test func `an identity is 32 digits`() {
        #expect(Self.identity.description == "0123456789abcdef0000000000000007")
        #expect(TransferIdentity(Self.identity.description) == Self.identity)
        #expect(TransferIdentity("0123456789abcdef000000000000000") == nil)
        #expect(TransferIdentity("+123456789abcdef0000000000000007") == nil)
        #expect(TransferIdentity.random() != TransferIdentity.random())
    }

    @Test func `random bytes never crash the reader`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var bytes = Self.every.randomElement(using: &generator)!.bytes + Self.every.randomElement(using: &generator)!.bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = fault(bytes)
        }
    }
}

@Suite struct TransferCompressionTests {
    private func unpacked(_ compression: TransferCompression, _ bytes: [UInt8], _ count: Int) -> [UInt8]? {
        var room = [UInt8](repeating: 0, count: count)
        let isWhole = bytes.withUnsafeBytes { bytes in room.withUnsafeMutableBytes { compression.unpack(bytes, into: $0) } }
        return isWhole ? room : nil
    }

    @Test(arguments: TransferCompression.known) func `what was packed comes back, and nothing else does`(_ compression: TransferCompression)
        throws
    {
        let plain = transferBytes(String(repeating: "the same line again and again\n", count: 5_000))
        guard compression != .none else {
            #expect(plain.withUnsafeBytes { compression.packed($0) } == nil)
            #expect(unpacked(.none, plain, plain.count) == plain && unpacked(.none, plain, plain.count + 1) == nil)
            return
        }
        let packed = try #require(plain.withUnsafeBytes { compression.packed($0) })
        #expect(packed.count < plain.count / 20)
        #expect(unpacked(compression, packed, plain.count) == plain)
        #expect(unpacked(compression, packed, plain.count - 1) == nil)
        #expect(unpacked(compression, packed, plain.count + 1) == nil)
        #expect(unpacked(compression, packed + [0], plain.count) == nil)
        #expect(unpacked(compression, packed + packed, plain.count * 2) == nil)
        for length in [0, 1, packed.count / 2, packed.count - 1] {
            #expect(unpacked(compression, Array(packed[..<length]), plain.count) == nil)
        }
        #expect(unpacked(compression, [], 0) == nil)
    }

    @Test(arguments: TransferCompression.known) func `what gets no smaller is not packed`(_ compression: TransferCompression) {
        let noise = (0..<10_000).map { _ in UInt8.random(in: 0...255) }
        #expect(noise.withUnsafeBytes { compression.packed($0) } == nil)
        #expect([UInt8](repeating: 1, count: 1).withUnsafeBytes { compression.packed($0) } == nil)
    }
}
