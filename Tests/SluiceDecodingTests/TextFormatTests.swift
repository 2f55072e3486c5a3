import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct TextFormatTests {
    private static let cases: [(String, String, String, EventFlags)] = [
        ("logfmt", "a=1 b", "a='1' b=null", []),
        ("logfmt", "a=1 a=2", "a='1' a='2'", .duplicateKey),
        ("logfmt", "server started on port 80", "message='server started on port 80'", .undecoded),
        ("logfmt", "word", "word=null", []),
        ("logfmt", "=x a=1", "=x=null a='1'", []),
        ("logfmt", #"a="b c" d="e\"f" g="h\qi""#, #"a='b c' d="e\"f" g='h\qi'"#, []),
        ("logfmt", "url=/a?b=c&d", "url='/a?b=c&d'", []),
        (
            "logfmt:typed=true", #"a=1 b=-2.50 c=true d=false e=null f="1" g=1s h=007 i=1e3"#,
            "a=1 b=-2.50 c=true d=false e=null f='1' g='1s' h='007' i=1e3", []
        ),
        ("csv", "a,b", "c1='a' c2='b'", []),
        ("csv", "\u{FEFF}\"a\",b", "c1='a' c2='b'", .bomRemoved),
        ("json", "\u{FEFF}{\"a\":1}", "a=1", .bomRemoved),
        ("csv:columns=x,y", "a,b,c", "x='a' y='b' c3='c'", .columnsMismatch),
        ("csv:columns=x,y", "a", "x='a'", .columnsMismatch),
        ("csv:columns=x,y,greedy=true", "a,b,\"c\"", "x='a' y='b,\"c\"'", []),
        ("csv:columns=x,y,greedy=true", "a,\"b,c\"", "x='a' y='b,c'", []),
        ("csv:delimiters=;|", "a;b|c", "c1='a' c2='b' c3='c'", []),
        ("csv:delimiters=;|,:", "a;b|c:d,e", "c1='a' c2='b' c3='c' c4='d' c5='e'", []),
        ("csv:quote=none", "\"a\",b", "c1='\"a\"' c2='b'", []),
        ("csv:quote='", "'a,b',c", "c1='a,b' c2='c'", []),
        ("csv:strip=true", " a , \" b \" ,\t", "c1='a' c2=' b ' c3=''", []),
        ("csv:null_value=NULL", "NULL,\"NULL\",x", "c1='' c2='' c3='x'", []),
        ("csv:escape=backslash-sequences", #""a\x41\x4\z\n""#, "c1='aAx4z\n'", []),
        ("csv:delimiter=\\t", "a\tb", "c1='a' c2='b'", []),
        ("csv", "\"a", "c1='a'", []), ("csv", "\"a\"\"", "c1='a\"'", []), ("csv", "\"a\" b,c", "c1='a b' c2='c'", []),
        ("csv", "\"a\nb\",c\r\n", "c1='a\nb' c2='c'", []),
        ("combined", "x", "message='x'", .undecoded),
        (
            "combined", #"1.2.3.4 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "-" "Moz"#,
            "remote_addr='1.2.3.4' timestamp=@971186136000000000 request='GET / HTTP/1.1' method='GET' path='/' protocol='HTTP/1.1' status=200 bytes=5 user_agent='Moz'",
            .truncated
        ),
        (
            "combined", #"::1 - a [x] b [10/Oct/2000:13:55:36 +0100] "a b c HTTP/x" 200 - "-" "-""#,
            "remote_addr='::1' remote_user='a [x] b' timestamp=@971182536000000000 request='a b c HTTP/x' status=200", []
        ),
        ("plain", "any\ttext", "message='any\ttext'", []),
        ("cee", "@cee:{\"a\":1}", "a=1", []), ("cee", "a @cee:{\"a\":1}", "message='a @cee:{\"a\":1}'", .undecoded),
    ]

    @Test(arguments: cases)
    func `a text is read as written`(format: String, text: String, summary: String, flags: EventFlags) throws {
        let event = try event(text, as: format)
        #expect(event.summary == summary)
        #expect(event.flags == flags)
        #expect(event.format.text == format.prefix { $0 != ":" })
    }

    @Test func `a header names the columns of its stream and is no event`() throws {
        var decoder = try DecoderCatalogue.make(.init("csv:header=true")).decoder
        let batch = EventBatch()
        for (text, isNew) in [("x,,\"y z\"", true), ("1,2,3", false), ("a", true), ("4,5", false)] {
            if isNew { decoder.startStream() }
            let span = Array(text.utf8).withUnsafeBytes { batch.append($0) }
            _ = decoder.decode(.init(offset: Int(span.offset), length: Int(span.length)), received: 0, into: batch)
        }
        #expect(DecodedEvent.all(of: batch).map(\.summary) == ["x='1' c2='2' y z='3'", "a='4' c2='5'"])
    }

    @Test func `several records of one frame are events with their own raw bytes`() throws {
        let events = try decode(["a,b\r\n\n\"c\nd\",e\n"], as: "csv").events
        #expect(events.map(\.summary) == ["c1='a' c2='b'", "c1='c\nd' c2='e'"])
        #expect(events.map { String(decoding: $0.raw, as: UTF8.self) } == ["a,b", "\"c\nd\",e"])
    }

    private static let refusals: [(String, String, String)] = [
        ("logfmt", "a=b\"", "`=` or a quote inside a bare value"), ("logfmt", "=a", "`=` without a key before it"),
        ("csv", "a\"b", "quote inside a field that is not quoted"), ("csv", "\"a", "quote is not closed"),
        ("csv", "\"a\"b", "text behind a closing quote"), ("combined", "", "line is empty"),
        ("combined", "1.2.3.4 - - [x]", "no time in brackets"), ("cee", "{}", "no `@cee:` at the start of the text"),
        ("cri", "x", "no RFC 3339 time at the start of the line"), ("docker", "{}", "no text `log`"),
        ("csv", "a\n\"b", "quote is not closed"),
    ]

    @Test(arguments: refusals)
    func `a refused frame leaves nothing and says why`(format: String, text: String, reason: String) throws {
        let result = try decode([text], as: format, strict: true)
        #expect(result.refusal == reason)
        #expect(result.events.isEmpty)
    }
}
