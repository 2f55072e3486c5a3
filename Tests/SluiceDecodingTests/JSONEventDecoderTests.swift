import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct JSONEventDecoderTests {
    private static let numbers: [(String, String)] = [
        ("0", "0"), ("7", "7"), ("-1", "-1"), ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"), ("9007199254740993", "9007199254740993"),
        ("999999999999999999", "999999999999999999"), ("1000000000000000000", "1000000000000000000"),
    ]

    @Test(arguments: numbers)
    func `an integer of 64 bits is an integer`(text: String, value: String) throws {
        #expect(try event("{\"n\":\(text)}", as: "json").summary == "n=\(value)")
        #expect(try event("{\"n\":\(text)}", as: "json")["n"] == .integer(Int64(value)!))
    }

    @Test(arguments: [
        "-0", "1.0", "1e5", "1E+5", "-1.50e-3", "0.1", "9223372036854775808", "-9223372036854775809",
        "123456789012345678901234567890", "1e400", "0e0", "-0.0",
    ])
    func `a number that would print differently keeps its text`(text: String) throws {
        #expect(try event("{\"n\":\(text)}", as: "json")["n"] == .json(text))
    }

    @Test(arguments: ["01", "-", "+1", ".5", "1.", "1e", "1e+", "--1", "0x1", "1a", "NaN", "-01", "00", "1 2"])
    func `what is no JSON number makes no JSON event`(text: String) throws {
        let event = try event("{\"n\":\(text)}", as: "json")
        #expect(event.flags == .undecoded)
        #expect(event.summary == "message='{\"n\":\(text)}'")
    }

    @Test func `every kind of value keeps its place and its text`() throws {
        let text = #"{"a":null,"b":true,"c":false,"d":"x","e":"\u00e4\n","f":{ "g" : [1, {}] },"h":[],"i":"","j":-3}"#
        let event = try event(text, as: "json")
        #expect(
            event.summary
                == #"a=null b=true c=false d='x' e="\u00e4\n" f={ "g" : [1, {}] } h=[] i='' j=-3"#)
        #expect(event.flags == [])
        #expect(event.raw == Array(text.utf8))
    }

    @Test func `blanks may stand everywhere between tokens`() throws {
        let text = " \t{ \"a\" :\t1 ,\r\n \"b\" : { \"c\" : 2 } , \"d\" : \"e\" } \n"
        #expect(try event(text, as: "json").summary == "a=1 b={ \"c\" : 2 } d='e'")
    }

    @Test func `a name with escapes is the name that it stands for`() throws {
        #expect(try event(#"{"a\u0062\"":1,"\t":2}"#, as: "json").summary == "ab\"=1 \t=2")
    }

    @Test func `a name that cannot be listed stays with its event`() throws {
        let long = String(repeating: "n", count: 300)
        #expect(try event("{\"\(long)\":1,\"b\":2,\"\(long)\\u0041\":3}", as: "json").summary == "\(long)=1 b=2 \(long)A=3")
    }

    @Test func `a repeated name is kept and flagged`() throws {
        let event = try event(#"{"a":1,"b":2,"a":3}"#, as: "json")
        #expect(event.summary == "a=1 b=2 a=3")
        #expect(event.flags == .duplicateKey)
    }

    @Test func `names are right whatever came before`() throws {
        let texts = [
            #"{"a":1,"b":2,"c":3}"#, #"{"a":1,"c":3}"#, #"{"ab":1,"b":2}"#, #"{"a" :1, "b": 2}"#, #"{"b":1,"a":2,"c":4}"#,
        ]
        let events = try decode(texts, as: "json").events.map(\.summary)
        #expect(events == ["a=1 b=2 c=3", "a=1 c=3", "ab=1 b=2", "a=1 b=2", "b=1 a=2 c=4"])
    }

    @Test func `bytes that are not UTF-8 and raw controls stay in tolerant mode`() throws {
        let odd: [UInt8] = Array(#"{"a":"x"#.utf8) + [0xFF, 0x09] + Array(#"","b":"\n"#.utf8) + [0xC3] + Array(#""}"#.utf8)
        let batch = EventBatch()
        var decoder = JSONEventDecoder()
        let span = odd.withUnsafeBytes { batch.append($0) }
        _ = decoder.decode(Frame(offset: 0, length: Int(span.length)), received: 0, into: batch)
        let slots = batch.raw.pointee.slots!
        #expect(slots[0].flags == 0)
        #expect(slots[1].flags == UInt8(SL_ESCAPED))
        #expect(DecodedEvent.all(of: batch)[0]["a"] == .bytes([0x78, 0xFF, 0x09]))
        #expect(batch.raw.pointee.events[0].pristine == 0)
    }

    @Test(arguments: [
        (#"{"a":"x","b":[1]}"#, 1), (#"{"a":"ü\n"}"#, 1), (#" {"a":1}"#, 0), ("{\"a\":[\n]}", 0), ("{\"a\":\"\t\"}", 0),
        (#"{"a":1}{"b":2}"#, 1),
    ])
    func `an event is pristine when its bytes are one line of JSON`(text: String, pristine: Int) {
        let batch = EventBatch()
        var decoder = JSONEventDecoder()
        let span = Array(text.utf8).withUnsafeBytes { batch.append($0) }
        _ = decoder.decode(Frame(offset: 0, length: Int(span.length)), received: 0, into: batch)
        #expect(Int(batch.raw.pointee.events[0].pristine) == pristine)
    }

    @Test func `RFC 3339 text of the time field is the event's time and stays text`() {
        for (format, field) in [("json", "timestamp"), ("json:time_field=ts", "ts")] {
            let batch = EventBatch()
            var decoder = try! DecoderCatalogue.make(.init(format)).decoder
            let text = "{\"\(field)\":\"2026-10-09T22:33:20.120+02:00\",\"other\":\"2026-10-09T22:33:20Z\"}"
            let span = Array(text.utf8).withUnsafeBytes { batch.append($0) }
            _ = decoder.decode(Frame(offset: 0, length: Int(span.length)), received: 0, into: batch)
            #expect(batch.raw.pointee.events[0].time_ns == 1_791_578_000_120_000_000)
            #expect(batch.raw.pointee.slots[0].flags == UInt8(SL_CLEAN | SL_TIME))
            #expect(batch.raw.pointee.slots[0].detail == 3 | 120 << 8)
            #expect(batch.raw.pointee.slots[1].flags == UInt8(SL_CLEAN))
        }
    }

    @Test func `nesting is bounded at 512 levels`() throws {
        func nested(_ levels: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1) + "}"
        }
        #expect(try event(nested(512), as: "json").flags == [])
        #expect(try event(nested(513), as: "json").flags == .undecoded)
    }

    @Test func `an object with too many members is text`() throws {
        let many = "{" + (0..<65_000).map { _ in "\"a\":1" }.joined(separator: ",")
        #expect(try event(many + "}", as: "json").fields.count == 65_000)
        #expect(try event(many + ",\"a\":1}", as: "json").flags.contains(.undecoded))
        #expect(
            try decode([many + ",\"a\":1}"], as: "json", strict: true).refusal == "JSON object has more than 65,000 members")
    }
}

@Suite struct JSONSequenceTests {
    private static let texts: [(String, [String])] = [
        (#"{"a":1}{"b":2} {"c":3}"#, ["a=1", "b=2", "c=3"]),
        (#"[{"a":1}, {"b":2}]"#, ["a=1", "b=2"]),
        (#" [ {"a":1} , 7 , "x" ] "#, ["a=1", "message='7'", "message='\"x\"'"]),
        (#"{"a":1}{"b":"#, ["a=1", #"message='{"b":'"#]),
        (#"[{"a":1},{"b":2"#, ["a=1", #"message='{"b":2'"#]),
        (#"[{"a":1}] x"#, ["a=1", "message='] x'"]),
        (#"{"a":1} x"#, [#"message='{"a":1} x'"#]),
        ("[1234] started", ["message='[1234] started'"]),
        ("[]", ["message='[]'"]), ("[1,2]", ["message='[1,2]'"]), ("", ["message=''"]), ("x", ["message='x'"]),
        ("{}", [""]), ("{} ", [""]), ("{", ["message='{'"]), ("[{", ["message='[{'"]),
    ]

    @Test(arguments: texts)
    func `several objects are several events and nothing is lost`(text: String, events: [String]) throws {
        #expect(try decode([text], as: "json").events.map(\.summary) == events)
    }

    @Test func `each event of a sequence has its own raw bytes`() throws {
        let events = try decode([#"[{"a":1}, {"b":2}]"#], as: "json").events
        #expect(events.map { String(decoding: $0.raw, as: UTF8.self) } == [#"{"a":1}"#, #"{"b":2}"#])
    }

    private static let found: [(String, String, String?)] = [
        (#"x {"a":1} y"#, "json:find=true", "a=1"), (#"x {"a":1} "#, "json:find=true,allow_trailing=false", "a=1"),
        (#"x {"a":1} y"#, "json:find=true,allow_trailing=false", nil), (#"{x} {"a":{}}"#, "json:find=true", "a={}"),
        (#"{"a" {"b":1}"#, "json:find=true", "b=1"), ("nothing", "json:find=true", nil),
    ]

    @Test(arguments: found)
    func `find takes the first object inside the text`(text: String, format: String, summary: String?) throws {
        #expect(try event(text, as: format).summary == summary ?? "message='\(text)'")
        #expect(try decode([text], as: format, strict: true).refusal == nil ? summary != nil : summary == nil)
    }

    @Test func `find reads every byte about once`() throws {
        let text = String(repeating: #"{"a":"#, count: 100_000)
        let start = ContinuousClock.now
        #expect(try event(text, as: "json:find=true").flags == .undecoded)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    private static let refusals: [(String, String)] = [
        ("[{}]", "JSON text is not an object"), ("{\"a\":1} x", "there is text behind the JSON object"),
        ("{a:1}", "JSON object has no quoted name where one has to be"), ("{\"a\" 1}", "JSON name is not followed by a colon"),
        ("{\"a\":}", "JSON name is not followed by a value"), ("{\"a\":tru}", "JSON value is not valid, too deep or not closed"),
        ("{\"a\":1;", "JSON member is followed by neither a comma nor the end of the object"),
    ]

    @Test(arguments: refusals)
    func `a refusal says what is wrong`(text: String, reason: String) throws {
        #expect(try decode([text], as: "json", strict: true).refusal == reason)
    }
}
