import CSluice
import SluiceComponent
import SluiceDecoding
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceEncoding

/// Entries of the forward protocol, byte by byte, and what comes back when they are read again.
@Suite struct ForwardEntryEncoderTests {
    /// The entry of an event's fields, in hexadecimal digits.
    static func entry(_ fields: String) -> String {
        var encoder: any Encoder = ForwardEntryEncoder()
        let bytes = EventFixture("event\n" + fields).encoded(by: &encoder)
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The time of receipt in fixtures, as an entry's time.
    static let received = "d7006ac96bb000000000"

    @Test(arguments: [
        ("null", "", "c0"), ("true", "", "c3"), ("false", "", "c2"),
        ("integer", "0", "00"), ("integer", "127", "7f"), ("integer", "128", "cc80"), ("integer", "256", "cd0100"),
        ("integer", "65536", "ce00010000"), ("integer", "4294967296", "cf0000000100000000"), ("integer", "-1", "ff"),
        ("integer", "-32", "e0"), ("integer", "-33", "d0df"), ("integer", "-129", "d1ff7f"), ("integer", "-32769", "d2ffff7fff"),
        ("integer", "-2147483649", "d3ffffffff7fffffff"), ("integer", "9223372036854775807", "cf7fffffffffffffff"),
        ("integer", "-9223372036854775808", "d38000000000000000"),
        ("float", "1.5", "cb3ff8000000000000"), ("number", "1.50", "cb3ff8000000000000"), ("number", "1e2", "cb4059000000000000"),
        ("number", "18446744073709551615", "cfffffffffffffffff"),
        ("number", "123456789012345678901234567890", "cb45f8ee90ff6c373e"),
        ("string", "abc", "a3616263"), ("string", "", "a0"), ("string", "\\xff\\xfe", "c402fffe"), ("clean", "abc", "a3616263"),
        ("escaped", "a\\\\n\\\\u00e9", "a4610ac3a9"), ("facility", "3", "a66461656d6f6e"), ("severity", "6", "a4696e666f"),
        ("facility", "99", "a23939"),
        ("time", "2026-10-09T22:33:20.120+02:00", "bd323032362d31302d30395432323a33333a32302e3132302b30323a3030"),
        (
            "time", "2026-10-09T22:33:20.123456789+02:00",
            "d923323032362d31302d30395432323a33333a32302e3132333435363738392b30323a3030"
        ),
        ("object", "{}", "80"), ("array", "[]", "90"), ("array", "[ 1 ,null,\"x\"]", "9301c0a178"),
        ("object", #"{"a":{"b":[true,false]},"c":1.0}"#, "82a16181a16292c3c2a163cb3ff0000000000000"),
        ("object", #"{"a":18446744073709551616}"#, "81a161cb43f0000000000000"),
        ("array", #"["\\u00e9\\n","\xff"]"#, "92a3c3a90ac401ff"),
        ("array", "[1", "a25b31"), ("object", "{1}", "a37b317d"), ("array", "[nul]", "a55b6e756c5d"),
        ("object", #"{"a"}"#, "a57b2261227d"), ("array", "[1}", "a35b317d"), ("array", "[1]2", "a45b315d32"),
    ])
    func `every kind of value has its form`(type: String, value: String, expected: String) {
        let entry = Self.entry("k \(type) \(value)")
        #expect(entry.hasPrefix("92d7006ac9") && entry.dropFirst(22) == "81a16b" + expected)
    }

    @Test func `heads have the shortest form for each length`() {
        for (count, head) in [(31, "bf"), (32, "d920"), (255, "d9ff"), (256, "da0100"), (65_535, "daffff"), (65_536, "db00010000")] {
            let text = Self.entry("k string " + String(repeating: "x", count: count))
            #expect(text.hasPrefix("92" + Self.received + "81a16b" + head + "78") && text.count == 2 * (14 + count) + head.count)
        }
        for (count, head) in [(255, "c4ff"), (256, "c50100"), (65_536, "c600010000")] {
            let text = Self.entry("k string " + String(repeating: "\\xff", count: count))
            #expect(text.hasPrefix("92" + Self.received + "81a16b" + head + "ff"))
        }
        for (count, head) in [(15, "9f"), (16, "dc0010"), (65_535, "dcffff"), (65_536, "dd00010000")] {
            let items = [String](repeating: "1", count: count).joined(separator: ",")
            #expect(Self.entry("k array [\(items)]").hasPrefix("92" + Self.received + "81a16b" + head + "01"))
        }
        for (count, head) in [(0, "80"), (15, "8f"), (16, "de0010")] {
            let fields = (0..<count).map { "k\($0) true " }.joined(separator: "\n")
            #expect(Self.entry(fields).hasPrefix("92" + Self.received + head))
        }
    }

    @Test func `the time of the event is the entry's, and its field is left out`() {
        #expect(Self.entry("timestamp time 2015-09-07T01:23:04.5+02:00\na true ") == "92d70055eccad81dcd650081a161c3")
        #expect(Self.entry("timestamp timetext 2015-09-07T01:23:04.5+02:00") == "92d70055eccad81dcd650080")
        #expect(Self.entry("timestamp string 2015-09-06T23:23:04Z") == "92d70055eccad80000000080")
        #expect(Self.entry("timestamp meta 2015-09-06T23:23:04Z") == "92" + Self.received + "80")
    }

    @Test(arguments: [
        ("string yesterday", "a9796573746572646179"), ("integer 5", "05"), ("null ", "c0"),
    ])
    func `a timestamp that is no time stays, and the entry has the time of receipt`(value: String, expected: String) {
        #expect(Self.entry("timestamp \(value)") == "92" + Self.received + "81a974696d657374616d70" + expected)
    }

    @Test func `a time that EventTime cannot hold stays as text`() {
        let before = Self.entry("timestamp time 1969-12-31T23:59:59Z")
        #expect(before == "92ff81a974696d657374616d70b4313936392d31322d33315432333a35393a35395a")
        #expect(Self.entry("timestamp time 2106-02-07T06:28:15Z") == "92d700ffffffff0000000080")
        #expect(Self.entry("timestamp time 2106-02-07T06:28:16Z").hasPrefix("92cf000000010000000081a974696d657374616d70"))
        // All receivers take zero for “no time”.
        #expect(Self.entry("timestamp time 1970-01-01T00:00:00Z").hasPrefix("920081a974696d657374616d70"))
    }

    @Test func `what is deleted or meta is not written`() {
        #expect(Self.entry("a true \nb deleted \nc meta x\nd null ") == "92" + Self.received + "82a161c3a164c0")
    }

    @Test func `what could not be carried is counted`() {
        var encoder: any Encoder = ForwardEntryEncoder()
        _ = EventFixture("event\na number 123456789012345678901234567890\nb object {1}\nc number 1e999").encoded(by: &encoder)
        #expect(encoder.counts.valuesAltered == 3)
    }

    @Test func `nesting is bounded`() {
        func array(_ levels: Int) -> String { String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
        #expect(Self.entry("k array \(array(512))").hasSuffix("a16b" + String(repeating: "91", count: 511) + "90"))
        #expect(Self.entry("k array \(array(513))").contains("da04025b5b5b"))
    }
}
