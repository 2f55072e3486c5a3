import SluiceComponent
import SluiceConfig
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// What is refused whole: nothing of it is taken or acknowledged, and its connection is closed, counted and told of.
@Suite struct ForwardRefusalTests {
    static let chunk = "81 a5 'chunk' a1 'c'"
    static let gzipped = "82 a5 'chunk' a1 'c' aa 'compressed' a4 'gzip'"

    /// Sends bytes and waits for the end of the connection; answers the warning.
    static func refusal(
        of bytes: [UInt8], _ counter: InputCounter = .chunksRefused, _ options: [(key: String, value: OptionValues.Value)] = []
    ) throws -> String {
        let input = try ForwardFixture(options)
        let peer = try input.connect()
        peer.send(bytes)
        #expect(peer.rest() == [])
        #expect(input.session.counter(counter) == 1)
        // The input goes on.
        let next = try input.connect()
        next.send(packed("93 a1 't' 01 81 a1 'n' 09"))
        #expect(input.events(1) == [number(9)])
        let warnings = input.warnings
        #expect(warnings.count == 1)
        return (warnings.first ?? "").split(separator: "closed: ", maxSplits: 1).last.map(String.init) ?? ""
    }

    @Test(arguments: [
        ("93 a1 't' c4 04 92018101 \(chunk)", "the events of a message are no MessagePack, or cut off"),
        ("93 a1 't' c4 04 920180c1 \(chunk)", "the events of a message are no MessagePack, or cut off"),
        ("92 01 80", "a message is none of the forward protocol: its tag is not text"),
        ("91 a1 't'", "a message is none of the forward protocol: it is not an array of a tag and entries"),
        ("92 a1 't' c1", "a message is no MessagePack"),
        (
            "93 a1 't' a1 'x' 81 aa 'compressed' a3 'lz4'",
            "a message is compressed with `lz4`, which is not known; let the sender use gzip or none"
        ),
    ])
    func `a damaged message is refused`(message: String, expected: String) throws {
        #expect(try Self.refusal(of: packed(message)) == expected)
    }

    @Test func `a damaged chunk is refused whole`() throws {
        var cut = packedMessage(0..<1_000, options: Self.chunk)
        cut[2_003] = 0xC1
        _ = try Self.refusal(of: cut)
        let halved = packedMessage(0..<1_000, options: Self.gzipped) { Array(gzip($0).prefix(500)) }
        #expect(
            try Self.refusal(of: halved) == "its gzip data cannot be read: `chunk` ends inside its gzip data; what came before was read")
        let broken = packedMessage(0..<1_000, options: Self.gzipped) { bytes in
            var packed = gzip(bytes)
            packed[packed.count / 2] ^= 0xFF
            return packed
        }
        #expect(try Self.refusal(of: broken).hasPrefix("its gzip data cannot be read: `chunk` is damaged gzip data"))
        let trailed = packedMessage(0..<10, options: Self.gzipped) { gzip($0) + [1, 2, 3] }
        #expect(try Self.refusal(of: trailed).hasPrefix("its gzip data cannot be read: `chunk` has bytes behind its gzip data"))
        let none = packedMessage(0..<10, options: Self.gzipped)
        #expect(try Self.refusal(of: none).hasPrefix("its gzip data cannot be read:"))
    }

    @Test func `a message past the limit is refused when its size is announced`() throws {
        let refusal = try Self.refusal(of: packed("92 a1 't' c6 00010000"), .chunksRefused, [("max_chunk_size", .text("64KiB"))])
        #expect(
            refusal == "a message has more than 65536 bytes (`max_chunk_size`); let the sender make smaller chunks, or raise the limit")
    }

    @Test func `a bomb is refused at its limit`() throws {
        let bomb = packedMessage(0..<1, options: Self.gzipped) { _ in gzip([UInt8](repeating: 0x90, count: 20 << 20)) }
        #expect(bomb.count < 40_000)
        #expect(
            try Self.refusal(of: bomb, .chunksRefused, [("max_inflated_size", .text("1MiB"))])
                == "its events have more than 1048576 bytes when they are unpacked (`max_inflated_size`); let the sender make smaller chunks"
        )
    }

    @Test func `unfinished messages of all connections together have a limit`() throws {
        let input = try ForwardFixture([("max_chunk_size", .text("1KiB"))])
        let part = packed("92 a1 't' c5 03e0") + [UInt8](repeating: 0, count: 900)
        var peers: [TestPeer] = []
        for round in 1...4 {
            peers.append(try input.connect())
            // A whole message in front tells when what follows it was read, too.
            peers.last?.send(packed("93 a1 't' 01 81 a1 'n' 0\(round)") + part)
            #expect(input.events(round).last == number(round))
        }
        let late = try input.connect()
        late.send(part + [UInt8](repeating: 0, count: 50))
        #expect(late.rest() == [])
        input.counts(.connectionsOpen, 4)
        #expect(input.session.counter(.chunksRefused) == 1)
        for peer in peers { peer.close() }
        input.counts(.connectionsOpen, 0)
        #expect(
            input.warnings.last?.hasSuffix(
                "closed: the unfinished messages of all connections have more than 4096 bytes (four times `max_chunk_size`)") ?? false)
        #expect(input.session.counter(.chunksRefused) == 1)
        // What was read of the late one: more than there was room for.
        let lost = input.session.counter(.bytesLost) - 4 * 906
        #expect(4 * 906 + lost > 4096 && lost <= 956)
        let next = try input.connect()
        next.send(packed("93 a1 't' 01 81 a1 'n' 09"))
        #expect(input.events(5).last == number(9))
    }

    @Test(arguments: [
        (Array("GET / HTTP/1.1\r\n\r\n".utf8), "it speaks HTTP: the sender is no forwarder"),
        ([0x16, 0x03, 0x01, 0x02], "it speaks TLS: give the sender an address with `tls://`, or switch TLS off there"),
        (Array("SSH-2.0-x\r\n".utf8), "it speaks SSH: the sender is no forwarder"),
        (Array("[\"tag\",1,{}]".utf8), "it begins with the byte 91, as no message of the forward protocol does"),
        ([0xFF], "it begins with the byte 255, as no message of the forward protocol does"),
    ])
    func `other protocols are known`(bytes: [UInt8], expected: String) throws {
        #expect(try Self.refusal(of: bytes, .foreignProtocols) == expected)
    }

    @Test func `a half message at the end of a connection is no event, and counted`() throws {
        let input = try ForwardFixture()
        let peer = try input.connect()
        peer.send(packed("93 a1 't' 01 81 a1 'n'"))
        peer.close()
        input.counts(.bytesLost, 7)
        #expect(input.session.state.withLock { $0.sent.flatMap(\.messages) } == [])
    }

    @Test func `a peer that stalls in a message is closed`() throws {
        let input = try ForwardFixture([("stall_timeout", .text("50ms"))])
        let peer = try input.connect()
        peer.send(packed("93 a1 't' 01"))
        #expect(peer.rest() == [])
        #expect(input.session.counter(.connectionsTimedOut) == 1)
    }

    @Test func `a sender that comes again and again is told of once`() throws {
        let input = try ForwardFixture()
        for _ in 0..<5 {
            let peer = try input.connect()
            peer.send([0xFF])
            #expect(peer.rest() == [])
        }
        #expect(input.session.counter(.foreignProtocols) == 5 && input.warnings.count == 1)
    }

    @Test func `notices are told again after a while, with what was not told`() {
        var notices = ForwardNotices()
        #expect(notices.take(.chunk, of: nil, at: 0) == 0)
        #expect(notices.take(.chunk, of: nil, at: 1) == nil && notices.take(.foreign, of: nil, at: 2) == 0)
        #expect(notices.take(.chunk, of: nil, at: 3) == nil)
        #expect(notices.take(.chunk, of: nil, at: ForwardNotices.windowNs) == 2)
        #expect(notices.take(.chunk, of: nil, at: ForwardNotices.windowNs + 1) == nil)
    }

    @Test(arguments: 1...3) func `random and damaged streams never end the input`(seed: Int) throws {
        let input = try ForwardFixture([("max_chunk_size", .text("4KiB")), ("max_inflated_size", .text("64KiB"))])
        var random = SeededNumbers(seed: UInt64(seed))
        let good = packedMessage(0..<20, options: Self.gzipped, as: gzip) + packedMessage(0..<20, options: Self.chunk)
        for _ in 0..<150 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + 5))
                default: bytes.insert(contentsOf: (0..<5).map { _ in UInt8.random(in: 0...255, using: &random) }, at: at)
                }
            }
            let peer = try input.connect()
            for piece in random.pieces(of: bytes) where !peer.send(piece) { break }
            peer.close()
        }
        input.counts(.connections, 150)
        let peer = try input.connect()
        peer.send(packed("93 a4 'good' 91 92 01 81 a1 'n' 09 \(Self.chunk)"))
        #expect(peer.read(7) == packed("81 a3 'ack' a1 'c'"), "seed \(seed)")
        input.counts(.connectionsOpen, 1)
    }
}
