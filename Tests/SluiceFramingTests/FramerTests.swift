import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceFraming

/// Cuts a text in every way and answers the frames, which must not depend on it.
func frames(
    _ text: String, _ make: @escaping () -> any Framer, sourceLocation: SourceLocation = #_sourceLocation
) -> FramingResult {
    let verifier = FramerVerifier(make)
    let bytes = Array(text.utf8)
    #expect(verifier.differences(bytes) == [], sourceLocation: sourceLocation)
    return verifier.frames(of: [bytes])
}

@Suite struct NewlineFramerTests {
    @Test func `LF and CR LF end a line and the end of the stream does too`() {
        let result = frames("one\ntwo\r\n\n\r\nthree\rx\r\r\nlast") { NewlineFramer() }
        #expect(result.frames == ["one", "two", "three\rx\r", "last"].map { FrameContent($0) })
        #expect(result.counts.frames == 4)
    }

    @Test func `empty lines are frames when asked for`() {
        let options = FramingOptions(skipsEmptyFrames: false)
        #expect(frames("a\n\n\r\nb\n") { NewlineFramer(options) }.frames == ["a", "", "", "b"].map { FrameContent($0) })
    }

    @Test func `a line of the limit's length is whole and a longer one is cut, flagged and counted`() {
        let options = FramingOptions(frameBytesMax: 5)
        let result = frames("12345\r\n123456\n123456\r\n12345678901234567890\r\nok") { NewlineFramer(options) }
        #expect(
            result.frames == [
                FrameContent("12345"), FrameContent("12345", flags: .truncated), FrameContent("12345", flags: .truncated),
                FrameContent("12345", flags: .truncated), FrameContent("ok"),
            ])
        #expect(result.counts.oversize == 3)
        #expect(result.counts.bytesLost == 1 + 1 + 15)
    }

    @Test func `dropped lines are counted whole`() {
        let options = FramingOptions(frameBytesMax: 5, oversize: .drop)
        let result = frames("1234567\n12\n" + String(repeating: "x", count: 50) + "\nok") { NewlineFramer(options) }
        #expect(result.frames == ["12", "ok"].map { FrameContent($0) })
        #expect(result.counts.bytesLost == 57)
    }

    @Test func `the policy error ends the stream`() {
        let options = FramingOptions(frameBytesMax: 5, oversize: .error)
        let result = frames("12\n1234567\nnever\n") { NewlineFramer(options) }
        #expect(result.frames == [FrameContent("12")])
        #expect(result.failure == .oversize(frameBytesMax: 5))
        #expect(result.failure?.message.contains("exceeds `max_frame_size` (5 bytes)") == true)
    }

    @Test func `NUL ends frames of the framer named after it`() {
        #expect(frames("a\r\0\0b\nc\0d") { NulFramer() }.frames == ["a\r", "b\nc", "d"].map { FrameContent($0) })
    }

    @Test func `every line length finds its end`() {
        for length in 0...200 {
            let lines = (0..<5).map { _ in String(repeating: "x", count: length) }
            let bytes = Array(lines.joined(separator: "\n").utf8)
            let verifier = FramerVerifier { NewlineFramer() }
            #expect(verifier.frames(of: [bytes], room: 100).frames.count == (length == 0 ? 0 : 5))
        }
    }
}

@Suite struct CountingFramerTests {
    let options = FramingOptions(frameBytesMax: 64 << 10)

    func auto(_ text: String, _ change: (inout FramingOptions) -> Void = { _ in }) -> FramingResult {
        var options = options
        change(&options)
        let fixed = options
        return frames(text) { AutoFramer(fixed) }
    }

    @Test(arguments: [
        "2024-01-01 00:00:00 text", "12:30:00 text", "1.5 text", "1700000000.123 GET /", "20240101 started", "7",
        "123456789012345678901234567890 long", "10.0.0.1 - - [x]",
    ])
    func `a line that begins with digits is a line`(_ line: String) {
        let result = auto("\(line)\n<13>next\n")
        #expect(result.frames == [FrameContent(line), FrameContent("<13>next")])
        #expect(result.counts.errors == 0)
    }

    @Test func `an absurd count before a message is an error and loses nothing else`() {
        let result = auto("99999999999 <13>x\n0 <13>y\n7 <13>abc")
        #expect(
            result.frames == [
                FrameContent("<13>x", flags: .framingRepaired), FrameContent("<13>y", flags: .framingRepaired),
                FrameContent("<13>abc"),
            ])
        #expect(result.counts.errors == 2)
    }

    @Test func `a frame over the limit is skipped by its count`() {
        let long = "<1>" + String(repeating: "x\n", count: 50)
        let result = auto("\(long.utf8.count) \(long)5 hello") { $0.frameBytesMax = 10 }
        #expect(result.frames == [FrameContent("<1>x\nx\nx\nx", flags: .truncated), FrameContent("hello")])
        #expect(result.counts.bytesLost == long.utf8.count - 10)
    }

    @Test func `a stream that ends inside a frame gives the fragment`() {
        let result = auto("5 hello10 wor")
        #expect(result.frames == [FrameContent("hello"), FrameContent("wor", flags: .truncated)])
        #expect(result.counts.incomplete == 1)
    }

    @Test func `octet counting finds its way back behind the next LF`() {
        let result = frames("5 hellojunk\n3 abc\n3 def") { OctetCountingFramer(options) }
        #expect(result.frames == ["hello", "abc", "def"].map { FrameContent($0) })
        #expect(result.counts.errors == 2)
        #expect(result.counts.bytesLost == 4)
    }

    @Test func `the first byte decides for a stream`() {
        #expect(frames("a\n5 hello\n") { StreamAutoFramer(options) }.frames == ["a", "5 hello"].map { FrameContent($0) })
        #expect(frames("5 a\nb\nc3 def") { StreamAutoFramer(options) }.frames == ["a\nb\nc", "def"].map { FrameContent($0) })
    }

    @Test func `blanks before a PRI are skipped when asked for`() {
        #expect(auto(" <1>a\n  b\n") { $0.skipsBlanksBeforePri = true }.frames == ["<1>a", "  b"].map { FrameContent($0) })
        #expect(auto(" <1>a\n").frames == [FrameContent(" <1>a")])
    }
}

@Suite struct CSVFramerTests {
    func rows(_ text: String, _ quoting: CSVQuoting = CSVQuoting(), limit: Int = 1 << 20) -> [String] {
        frames(text) { CSVFramer(quoting, FramingOptions(frameBytesMax: limit)) }.frames
            .map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func `a line end inside quotes is data`() {
        #expect(rows("a,\"b\nc\",d\r\n\"x\"\"\n\",y\n\nz") == ["a,\"b\nc\",d", "\"x\"\"\n\",y", "z"])
    }

    @Test func `a quote inside a field is data`() {
        #expect(rows("a\"b,c\nd,5\" pipe\ne") == ["a\"b,c", "d,5\" pipe", "e"])
    }

    @Test func `text behind a closing quote is data`() { #expect(rows("\"a\"b\"c\nd\n") == ["\"a\"b\"c", "d"]) }

    @Test func `a backslash escapes when the format says so`() {
        let quoting = CSVQuoting(escapesWithBackslash: true)
        #expect(rows("\"a\\\"\nb\",c\nd\n", quoting) == ["\"a\\\"\nb\",c", "d"])
        #expect(rows("\"a\\\"\nb,c\n") == ["\"a\\\"", "b,c"])
    }

    @Test func `delimiters and quotes are those of the format`() {
        #expect(rows("a;'b\nc';d|'e\n'\nf", CSVQuoting(delimiters: [0x3B, 0x7C], quote: 0x27)) == ["a;'b\nc';d|'e\n'", "f"])
        #expect(rows("\"a\n\"b", CSVQuoting(quote: nil)) == ["\"a", "\"b"])
        #expect(rows("a, \"b\nc\"\nd", CSVQuoting(allowsBlanksBeforeQuote: true)) == ["a, \"b\nc\"", "d"])
    }

    @Test func `a quote that never closes costs one row`() {
        #expect(rows("a,\"b\nc\nd\n") == ["a,\"b", "c", "d"])
        #expect(rows("\"open\n" + String(repeating: "row\n", count: 30), limit: 40).count == 31)
    }

    @Test func `a row over the limit is cut`() {
        #expect(rows("a," + String(repeating: "x", count: 100) + "\nb", limit: 10) == ["a,xxxxxxxx", "b"])
    }
}

@Suite struct WholeInputFramerTests {
    @Test func `everything is one frame within the limit`() {
        #expect(frames("a\nb\n") { WholeInputFramer() }.frames == [FrameContent("a\nb\n")])
        #expect(frames("") { WholeInputFramer() }.frames == [])
        let cut = frames("123456789") { WholeInputFramer(FramingOptions(frameBytesMax: 4)) }
        #expect(cut.frames == [FrameContent("1234", flags: .truncated)])
        #expect(cut.counts.bytesLost == 5)
    }
}

@Suite struct FramingSettingTests {
    @Test func `an unknown framing is an error with a suggestion`() {
        #expect(throws: ConfigError.self) { try Framing(named: "newlin") }
        do { _ = try Framing(named: "newlin") } catch {
            #expect(
                error.message
                    == "unknown framing `newlin`; did you mean `newline`? known: newline, octet, nul, auto, auto-stream, whole")
        }
    }
}
