import CSluice
import SluiceComponent
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct MessageDecoderTests {
    @Test func `the fields of the message take its place`() throws {
        let event = try event(#"{"host":"h","message":"{\"a\":1,\"host\":\"i\"}","z":2}"#, as: "json", message: "json")
        #expect(event.summary == "host='i' z=2 a=1")
        #expect(event.flags == [])
        #expect(event.format == .json)
    }

    @Test func `a message that does not fit stays and is flagged`() throws {
        let event = try event(#"{"message":"no object"}"#, as: "json", message: "json")
        #expect(event.summary == "message='no object'")
        #expect(event.flags == .messageUndecoded)
    }

    @Test func `an event without a message stays as it is`() throws {
        #expect(try event(#"{"a":1}"#, as: "json", message: "logfmt").flags == [])
    }

    @Test func `access logs that come by syslog keep both headers and the time of the request`() throws {
        let line = #"1.2.3.4 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 5"#
        let event = try event("<190>Oct 10 13:55:40 web nginx: \(line)", as: "rfc3164", message: "combined")
        #expect(event["timestamp"] == .time(971_186_136_000_000_000, 1 << 24))
        #expect(event["hostname"] == .bytes(Array("web".utf8)))
        #expect(event["status"] == .integer(200))
        #expect(event["message"] == nil)
    }

    @Test func `every event of a frame is looked at and slots stay in order`() throws {
        let texts = [#"[{"message":"a=1"},{"x":1,"message":"b=2 c=3"},{"message":""}]"#, #"{"message":"d=4"}"#]
        let events = try decode(texts, as: "json", message: "logfmt").events
        #expect(events.map(\.summary) == ["a='1'", "x=1 b='2' c='3'", "", "d='4'"])
    }

    @Test func `a decoded event has spare slots and its raw bytes`() {
        var decoder = MessageDecoder(outer: PlainDecoder(), inner: LogfmtDecoder())
        let batch = EventBatch()
        for text in ["a=1 b=2", "c=3"] {
            let span = Array(text.utf8).withUnsafeBytes { batch.append($0) }
            _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: 0, into: batch)
        }
        let events = batch.raw.pointee.events!
        #expect(events[0].count == 2 && events[0].capacity == 5 && events[1].first == 5)
        #expect(batch.raw.pointee.slot_count == 9)
        #expect(DecodedEvent.all(of: batch).map { String(decoding: $0.raw, as: UTF8.self) } == ["a=1 b=2", "c=3"])
    }
}
