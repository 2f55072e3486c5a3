import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceFraming

/// What became of one frame's bytes.
private struct Converted: Equatable {
    var text: String
    var flags: EventFlags
    var invalid = 0
}

private func convert(_ bytes: [UInt8], _ name: String) throws -> Converted {
    guard var converter = CharsetConverter(try Charset(named: name)) else {
        return Converted(text: String(decoding: bytes, as: UTF8.self), flags: [])
    }
    let batch = EventBatch()
    let span = bytes.withUnsafeBytes { batch.append($0) }
    let frames = UnsafeMutableBufferPointer<Frame>.allocate(capacity: 1)
    defer { frames.deallocate() }
    frames.initializeElement(at: 0, to: Frame(offset: Int(span.offset), length: Int(span.length)))
    converter.convert(frames, in: batch)
    let counts = converter.counts
    return Converted(
        text: String(decoding: batch.bytes(frames[0].text), as: UTF8.self), flags: frames[0].flags, invalid: counts.invalid)
}

private func wide(_ pieces: [[UInt8]], _ name: String) throws -> (text: String, invalid: Int) {
    var converter = try #require(WideTextConverter(Charset(named: name)))
    var output: [UInt8] = []
    for piece in pieces {
        output += [UInt8](unsafeUninitializedCapacity: WideTextConverter.roomFor(piece.count)) { room, count in
            count = piece.withUnsafeBytes { converter.convert($0, to: room.baseAddress!) }
        }
    }
    output += [UInt8](unsafeUninitializedCapacity: 16) { room, count in count = converter.finish(to: room.baseAddress!) }
    return (String(decoding: output, as: UTF8.self), converter.invalid)
}

@Suite struct CharsetTests {
    let hello: [UInt8] = [0xC4, 0xE3, 0xBA, 0xC3]

    @Test func `ASCII is never touched`() throws {
        for name in ["auto", "gbk", "latin1", "shift_jis", "utf-8"] {
            #expect(try convert(Array("plain ~\\ text".utf8), name) == Converted(text: "plain ~\\ text", flags: []))
        }
    }

    @Test func `auto is UTF-8 if valid, else GB18030 if valid, else Latin-1`() throws {
        #expect(try convert(Array("größe 中文 😀".utf8), "auto") == Converted(text: "größe 中文 😀", flags: []))
        #expect(try convert(hello, "auto") == Converted(text: "你好", flags: .charsetGbk))
        #expect(try convert([0x67, 0xF6, 0xDF], "auto").text.count == 2)
        #expect(try convert([0x63, 0x61, 0x66, 0xE9], "auto") == Converted(text: "café", flags: .charsetLatin1))
        #expect(try convert([0x81, 0x30, 0x81, 0x30], "auto") == Converted(text: "\u{80}", flags: .charsetGbk))
    }

    @Test func `a configured charset is taken at its word`() throws {
        #expect(try convert([0xC3, 0xA9], "latin1") == Converted(text: "Ã©", flags: .charsetLatin1))
        #expect(try convert([0xC4, 0xA3, 0xC4, 0xA3], "gbk") == Converted(text: "模模", flags: .charsetGbk))
        #expect(try convert([0x93, 0xFA, 0x96, 0x7B], "Shift-JIS") == Converted(text: "日本", flags: .charsetConverted))
        #expect(try convert([0x80], "windows-1252") == Converted(text: "€", flags: .charsetConverted))
    }

    @Test func `invalid bytes become U+FFFD, flagged and counted`() throws {
        let flags: EventFlags = [.charsetGbk, .charsetInvalid]
        #expect(try convert([0x61, 0xFF, 0x62] + hello, "gbk") == Converted(text: "a\u{FFFD}b你好", flags: flags, invalid: 1))
        #expect(try convert(hello + [0xC4], "gbk") == Converted(text: "你好\u{FFFD}", flags: flags, invalid: 1))
    }

    @Test func `long text grows the arena as it needs`() throws {
        let bytes = Array(repeating: hello, count: 50_000).flatMap { $0 }
        #expect(try convert(bytes, "gbk").text == String(repeating: "你好", count: 50_000))
    }

    @Test func `wide text may be cut anywhere`() throws {
        let bytes: [UInt8] = [0xFF, 0xFE, 0x61, 0, 0x2D, 0x4E, 0x3D, 0xD8, 0x00, 0xDE]
        #expect(try wide([bytes], "utf-16") == ("a中😀", 0))
        #expect(try wide(bytes.map { [$0] }, "utf-16") == ("a中😀", 0))
        #expect(try wide([[0xFE, 0xFF, 0, 0x61]], "utf-16") == ("a", 0))
        #expect(try wide([[0x61, 0]], "utf-16") == ("a", 0))
        #expect(try wide([[0, 0x61]], "utf-16be") == ("a", 0))
        #expect(try wide([[0xFF, 0xFE, 0, 0, 0x00, 0xF6, 0x01, 0]], "utf-32") == ("😀", 0))
    }

    @Test func `what is no text becomes U+FFFD`() throws {
        #expect(try wide([[0x00, 0xDE, 0x61, 0]], "utf-16le") == ("\u{FFFD}a", 1))
        #expect(try wide([[0x3D, 0xD8, 0x61, 0]], "utf-16le") == ("\u{FFFD}a", 1))
        #expect(try wide([[0x3D, 0xD8, 0x3D, 0xD8, 0x00, 0xDE, 0x61]], "utf-16le") == ("\u{FFFD}😀\u{FFFD}", 2))
        #expect(try wide([[0, 0, 0x11, 0]], "utf-32le") == ("\u{FFFD}", 1))
    }

    @Test func `an unknown charset is an error with a suggestion`() {
        do {
            _ = try Charset(named: "gb18031")
            Issue.record("taken")
        } catch {
            #expect(error.message.hasPrefix("unknown charset `gb18031`; did you mean `gb18030`? known: utf-8, auto,"))
        }
    }

    @Test func `a charset without ASCII line ends is refused`() {
        do {
            _ = try Charset(named: "IBM037")
            Issue.record("taken")
        } catch {
            #expect(error.code == .invalidValue)
            #expect(error.message.contains("`IBM037` is not supported"))
        }
    }
}
