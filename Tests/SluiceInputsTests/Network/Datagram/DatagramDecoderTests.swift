import CSluice
import SluiceComponent
import SluiceEvent
import SluiceFraming
import Testing

@testable import SluiceInputs

/// An event as the tests compare it.
struct DecodedDatagram: Equatable, CustomStringConvertible {
    var message: String
    var raw: String
    var flags: [String]

    init(_ message: String, raw: String? = nil, _ flags: String...) {
        self.message = message
        self.raw = raw ?? message
        self.flags = flags
    }

    init(_ batch: borrowing EventBatch, _ event: UnsafeMutablePointer<sl_event>) {
        message = TestSession.field("message", event, batch)
        raw = String(decoding: batch.bytes(event.pointee.raw), as: UTF8.self)
        flags = EventFlags.names.indices.filter { event.pointee.flags & 1 << UInt64($0) != 0 }.map { "\(EventFlags.names[$0])" }
    }

    var description: String { "\(message.debugDescription) raw \(raw.debugDescription) \(flags)" }
}

@Suite struct DatagramDecoderTests {
    let session = TestSession()

    func decoder(
        _ format: String = "plain", charset: String = "utf-8", bytesMax: Int = 32, oversize: OversizePolicy = .truncate,
        isStrict: Bool = false, framing: Framing? = nil
    ) throws -> DatagramDecoder {
        var texts = DecodingSetting.Texts()
        texts.format = format
        texts.charset = charset
        texts.isStrict = isStrict
        let options = FramingOptions(frameBytesMax: bytesMax, oversize: oversize)
        return DatagramDecoder(
            try DecodingSetting(texts, zone: .utc, framingOptions: options), framer: framing?.framer(options))
    }

    /// Takes the datagrams in as a receiver does that keeps `kept` bytes of each, and decodes them in one go.
    func decode(_ decoder: DatagramDecoder, _ datagrams: [[UInt8]], kept: Int = .max) -> [DecodedDatagram] {
        let box = BatchBox()
        for datagram in datagrams {
            let length = min(datagram.count, kept)
            let start = box.events.byteCount
            _ = datagram.withUnsafeBytes { box.events.append(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
            if !decoder.hasRoom { decoder.decode(box.events, received: session.now, session: session) }
            decoder.take(box.events, from: start, length: length, bytesCut: datagram.count - length)
        }
        decoder.decode(box.events, received: session.now, session: session)
        return (0..<box.events.count).map { DecodedDatagram(box.events, box.events.raw.pointee.events + $0) }
    }

    func decode(_ decoder: DatagramDecoder, _ datagrams: String...) -> [DecodedDatagram] {
        decode(decoder, datagrams.map { Array($0.utf8) })
    }

    @Test func `a datagram is one frame without the trailer at its end`() throws {
        let decoded = decode(try decoder(), "one", "two\nlines", "nul\0", "all\r\n\0\n", "\n in \0 side \n")
        #expect(
            decoded == [
                DecodedDatagram("one"), DecodedDatagram("two\nlines"), DecodedDatagram("nul", "trailer_removed"),
                DecodedDatagram("all", "trailer_removed"), DecodedDatagram("\n in \0 side ", "trailer_removed"),
            ])
    }

    @Test func `datagrams of nothing, or of trailers only, are ignored`() throws {
        let decoder = try decoder()
        #expect(decode(decoder, "", "\0", "\r\n", "\u{FEFF}", "\u{FEFF}\n", "x") == [DecodedDatagram("x")])
        #expect(decoder.takeTally() == DatagramTally())
    }

    @Test func `a byte order mark at the start goes`() throws {
        #expect(decode(try decoder(), "\u{FEFF}text") == [DecodedDatagram("text", raw: "\u{FEFF}text", "bom_removed")])
    }

    @Test func `what is too long is cut, flagged and counted, with or without the kernel's help`() throws {
        let text = Array(String(repeating: "x", count: 40).utf8)
        let cut = DecodedDatagram(String(repeating: "x", count: 32), "truncated")
        for kept in [32, 36, 40] {
            let decoder = try decoder()
            #expect(decode(decoder, [text, [0x61]], kept: kept) == [cut, DecodedDatagram("a")], "\(kept) bytes kept")
            var tally = DatagramTally()
            tally.truncated = 1
            tally.bytesLost = 8
            #expect(decoder.takeTally() == tally, "\(kept) bytes kept")
            #expect(decoder.takeTally() == DatagramTally())
        }
    }

    @Test func `a trailer behind the longest frame cuts nothing`() throws {
        let text = String(repeating: "x", count: 32)
        let decoder = try decoder()
        #expect(decode(decoder, text + "\r\n\0") == [DecodedDatagram(text, "trailer_removed")])
        #expect(decoder.takeTally() == DatagramTally())
    }

    @Test(arguments: [OversizePolicy.drop, .error])
    func `what is too long is dropped when the setting says so`(_ policy: OversizePolicy) throws {
        let decoder = try decoder(oversize: policy)
        #expect(decode(decoder, String(repeating: "x", count: 40), "a") == [DecodedDatagram("a")])
        decoder.takeTally().report(to: session)
        #expect(session.counter(.oversizeFrames) == 1)
        #expect(session.counter(.bytesLost) == 40)
        #expect(session.counter(.datagramsTruncated) == 0)
    }

    @Test func `each datagram is converted by itself`() throws {
        let gbk: [UInt8] = [0xD6, 0xD0, 0xCE, 0xC4, 0x0A]
        let decoded = decode(try decoder(charset: "gbk"), [gbk, Array("ascii".utf8), gbk])
        #expect(decoded.map(\.message) == ["中文", "ascii", "中文"])
        #expect(decoded.map(\.flags) == [["charset_gbk", "trailer_removed"], [], ["charset_gbk", "trailer_removed"]])
        #expect(decode(try decoder(charset: "auto"), [gbk, Array("中\0".utf8), [0xE9]]).map(\.message) == ["中文", "中", "é"])
    }

    @Test func `every datagram of UTF-16 has its own byte order, and loses its trailer`() throws {
        let little: [UInt8] = [0xFF, 0xFE, 0x61, 0, 0x00, 0x01, 0x0A, 0]
        let big: [UInt8] = [0xFE, 0xFF, 0, 0x62, 0, 0]
        let half: [UInt8] = [0xFF, 0xFE, 0x63, 0, 0x64]
        let decoded = decode(try decoder(charset: "utf-16"), [little, big, half, [0xFF, 0xFE]])
        #expect(decoded.map(\.message) == ["a\u{100}", "b", "c\u{FFFD}"])
        #expect(
            decoded.map(\.flags) == [
                ["charset_utf16", "trailer_removed"], ["charset_utf16", "trailer_removed"], ["charset_utf16", "charset_invalid"],
            ])
    }

    @Test func `UTF-16 that is too long is cut between two characters`() throws {
        let text: [UInt8] = (0..<40).flatMap { [UInt8(0x41 + $0 % 26), 0] }
        let decoder = try decoder(charset: "utf-16le", bytesMax: 33)
        let decoded = decode(decoder, [text], kept: 41)
        #expect(decoded.map(\.message) == ["ABCDEFGHIJKLMNOP"])
        #expect(decoded.map(\.flags) == [["truncated", "charset_utf16"]])
        #expect(decoder.takeTally().bytesLost == 80 - 32)
    }

    @Test func `more datagrams than there is room for are all decoded`() throws {
        let texts = (0..<600).map { "number \($0)" }
        let decoded = decode(try decoder(), texts.map { Array($0.utf8) })
        #expect(decoded.map(\.message) == texts)
    }

    @Test func `what a strict decoder refuses is kept, and the rest goes on`() throws {
        let decoded = decode(try decoder("json", isStrict: true), #"{"message":"a"}"#, "no json", "\0", #"{"message":"b"}"#)
        #expect(decoded.map(\.message) == ["a", "b"])
        let refused = session.state.withLock { $0.refused }
        #expect(refused.count == 1)
        #expect(refused.first?.hasPrefix("no json: frame refused by `json` in strict mode: ") == true)
    }

    @Test func `half a record never waits for another sender`() throws {
        let decoder = try decoder("cri", bytesMax: 200)
        #expect(decode(decoder, "2026-10-10T10:00:00.0Z stdout P half ").map(\.message) == ["half "])
        #expect(decode(decoder, "2026-10-10T10:00:00.0Z stdout F whole").map(\.message) == ["whole"])
    }

    @Test func `with a framer each datagram is cut, and ends its last frame`() throws {
        let decoder = try decoder(framing: .newline)
        let decoded = decode(decoder, "a\nb\n", "\u{FEFF}c\nd", "\ne")
        #expect(decoded.map(\.message) == ["a", "b", "c", "d", "e"])
        #expect(decoded.map(\.flags) == [[], ["trailer_removed"], ["bom_removed"], ["bom_removed"], []])
        let many = (0..<700).map { "\($0)" }
        let wide = try self.decoder(bytesMax: 8_192, framing: .newline)
        #expect(decode(wide, [Array(many.joined(separator: "\n").utf8)]).map(\.message) == many)
    }
}
