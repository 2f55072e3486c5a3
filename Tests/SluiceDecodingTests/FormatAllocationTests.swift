import CAllocationCount
import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct FormatAllocationTests {
    private static let access =
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 23 "http://h/" "Mozilla""#
    private static let texts: [(String, String)] = {
        var texts = [
            ("json", #"{"timestamp":"2026-10-09T22:33:20Z","a":1,"b":[1,{}],"c":"\n","d":1.50,"e":null,"ü":"ü"}"#),
            ("json", "no object"), ("json", #"[{"a":1},{"b":2}]"#), ("json:find=true", #"x {"a":1} y"#),
            ("cee", #"@cee: {"a":1}"#), ("logfmt", #"a=1 b="c d" e f="\n" g=""#), ("logfmt:typed=true", "a=1 b=2.5 c=true"),
            ("csv", #"a,"b","c""d",,e"#), ("csv:delimiters=;|,strip=true,null_value=x", "a; b |x"), ("combined", access),
            ("combined", "no access line"), ("cri", "2026-11-20T06:07:08Z stdout F text"), ("plain", "text"),
            ("docker", #"{"log":"text\n","stream":"stdout","time":"2026-11-20T06:07:08Z"}"#),
        ]
        #if Regex
            texts += [("grok:%{COMBINEDAPACHELOG}", access), ("regex:(?<a>\\w+) (?<b>.*)", "GET ü"), ("regex:(?<a>x)", "y")]
        #endif
        return texts
    }()

    @Test(arguments: texts)
    func `a decoder allocates nothing once its batch is large enough`(format: String, text: String) throws {
        var decoder = try DecoderCatalogue.make(OptionText(format)).decoder
        let batch = EventBatch()
        let bytes = Array(text.utf8)
        var counts: [UInt64] = []
        counts.reserveCapacity(4)
        for _ in 0..<4 {
            batch.clear()
            let before = allocation_count()
            for _ in 0..<20 {
                let span = bytes.withUnsafeBytes { batch.append($0) }
                let frame = Frame(offset: Int(span.offset), length: Int(span.length))
                _ = decoder.decode(frame, received: 0, into: batch)
            }
            counts.append(allocation_count() - before)
        }
        #expect(counts.last == 0)
        #expect(batch.count >= 20)
    }

    @Test func `a message of a second format costs no allocation either`() throws {
        var decoder = try DecoderCatalogue.make(OptionText("json"), messageFormat: OptionText("logfmt")).decoder
        let batch = EventBatch()
        let bytes = Array(#"{"message":"a=1 b=\"2\"","c":3}"#.utf8)
        var count: UInt64 = 0
        for _ in 0..<4 {
            batch.clear()
            let before = allocation_count()
            for _ in 0..<20 {
                let span = bytes.withUnsafeBytes { batch.append($0) }
                let frame = Frame(offset: Int(span.offset), length: Int(span.length))
                _ = decoder.decode(frame, received: 0, into: batch)
            }
            count = allocation_count() - before
        }
        #expect(count == 0)
    }
}
