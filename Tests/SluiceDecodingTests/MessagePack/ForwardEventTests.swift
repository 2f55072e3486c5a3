import CSluice
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceDecoding

@Suite struct ForwardEventTests {
    @Test(arguments: [
        ("00", "tag='t' !no_timestamp"), ("c0", "tag='t' !no_timestamp"), ("d7 00 00000000 00000000", "tag='t' !no_timestamp"),
        ("cb 0000000000000000", "tag='t' !no_timestamp"),
        ("ce 55ecb838", "timestamp=@1441577016000000000 tag='t'"),
        ("d7 00 55ecb838 00000001", "timestamp=@1441577016000000001 tag='t'"),
        ("c7 08 00 55ecb838 3b9ac9ff", "timestamp=@1441577016999999999 tag='t'"),
        ("d6 ff 55ecb838", "timestamp=@1441577016000000000 tag='t'"),
        ("cb 41d57b2e0e200000", "timestamp=@1441577016500000000 tag='t'"),
        ("d3 ffffffffffffffff", "timestamp=@-1000000000 tag='t'"),
        ("c7 0c ff 08a7f201 fffffffdda3e82fb", "timestamp=@-9223372036854775807 tag='t'"),
        ("c7 0c ff 08a7f200 fffffffdda3e82fb", "tag='t' !no_timestamp,value_invalid"),
        ("cf ffffffffffffffff", "tag='t' !no_timestamp,value_invalid"), ("d3 7fffffffffffffff", "tag='t' !no_timestamp,value_invalid"),
        ("d7 00 00000001 3b9aca00", "tag='t' !no_timestamp,value_invalid"),
        ("cb 7ff8000000000000", "tag='t' !no_timestamp,value_invalid"),
        ("92 01 80", "timestamp=@1000000000 tag='t'"), ("91 01", "timestamp=@1000000000 tag='t'"),
        ("92 01 81 a1 'm' 92 01 02", #"timestamp=@1000000000 tag='t' metadata={"m":[1,2]}"#),
        ("94 01 81 a1 'm' 01 81 a1 'n' 02 90", #"timestamp=@1000000000 tag='t' metadata={"m":1}"#),
        ("a1 'x'", "noTime"), ("80", "noTime"), ("90", "noTime"), ("92 a1 'x' 80", "noTime"), ("d4 05 00", "noTime"),
    ])
    func `the entry's time is the event's`(time: String, expected: String) {
        #expect(summary(of: "92 \(time) 80") == expected)
    }

    @Test(arguments: [
        ("d7 00 00000001 00000000", "1970-01-01T00:00:01Z"), ("d7 00 00000001 00000001", "1970-01-01T00:00:01.000000001Z"),
        ("d7 00 00000001 000003e8", "1970-01-01T00:00:01.000001Z"), ("d7 00 00000001 000f4240", "1970-01-01T00:00:01.001Z"),
    ])
    func `a time has the digits that it needs`(time: String, expected: String) {
        guard case .time(let ns, let detail)? = decodeEntry(packed("92 \(time) 80")).events[0]["timestamp"] else {
            Issue.record("no time")
            return
        }
        var text = [UInt8](repeating: 0, count: TimestampText.bytesMax)
        let length = TimestampText.print(ns: ns, detail: detail, to: &text)
        #expect(String(decoding: text[..<length], as: UTF8.self) == expected)
    }

    @Test func `a timestamp of the record's own wins, and the entry's time is kept in meta`() {
        let text = decodeEntry(packed("92 01 81 a9 'timestamp' b4 '2001-09-09T01:46:40Z'"))
        #expect(text.events[0].summary == "time=@1000000000 timestamp='2001-09-09T01:46:40Z' tag='t'")
        #expect(text.time == 1_000_000_000_000_000_000)
        let number = decodeEntry(packed("92 01 81 a9 'timestamp' 05"))
        #expect(number.events[0].summary == "time=@1000000000 timestamp=5 tag='t'" && number.time == 1_000_000_000)
        let twice = summary(of: "92 01 82 a9 'timestamp' 05 a9 'timestamp' 06")
        #expect(twice == "time=@1000000000 timestamp=5 timestamp=6 tag='t' !duplicate_key")
        #expect(summary(of: "92 c0 81 a9 'timestamp' 05") == "timestamp=5 tag='t'")
    }

    @Test(arguments: ["92 01 c0", "92 01 90", "92 01 a1 'x'", "92 01 01"])
    func `a record that is no map is refused`(entry: String) {
        #expect(summary(of: entry) == "noRecord")
    }

    @Test(arguments: ["80", "91 01", "01", "a1 'x'", "c0"])
    func `what is no array of two is no entry`(entry: String) {
        #expect(summary(of: entry) == "notAnEntry")
    }

    @Test func `an entry may have more than two values, and its raw bytes are all of it`() {
        let bytes = packed("93 01 81 a1 'k' 05 a1 'x'")
        let event = decodeEntry(bytes).events[0]
        #expect(event.summary == "timestamp=@1000000000 k=5 tag='t'" && event.raw == bytes && event.format == .forward)
    }

    @Test func `facts of the event are meta, fields are not`() {
        let batch = EventBatch()
        let decoder = ForwardEventDecoder()
        let tag = Array("a.b".utf8).withUnsafeBytes { decoder.place(tag: $0, in: batch) }!
        packed("92 01 81 a3 'tag' a1 'x'").withUnsafeBytes {
            #expect(decoder.decode($0, body: 1, tag: tag, received: 7, into: batch) == nil)
        }
        let event = batch.raw.pointee.events!
        #expect(event.pointee.received_ns == 7 && event.pointee.capacity == event.pointee.count + UInt16(SL_SPARE_SLOTS))
        let slots = (0..<Int(event.pointee.count)).map { batch.raw.pointee.slots[Int(event.pointee.first) + $0] }
        #expect(slots.map { Int($0.flags) & Int(SL_META) != 0 } == [false, false, true])
    }
}
