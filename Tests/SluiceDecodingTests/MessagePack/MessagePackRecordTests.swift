import CSluice
import Foundation
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceDecoding

/// Records by the specification of MessagePack, each byte computed by hand.
@Suite struct MessagePackRecordTests {
    /// A value of each format under the name `k`.
    static let values: [(String, String)] = [
        ("c0", "null"), ("c2", "false"), ("c3", "true"),
        ("00", "0"), ("7f", "127"), ("ff", "-1"), ("e0", "-32"),
        ("cc ff", "255"), ("cd ffff", "65535"), ("ce ffffffff", "4294967295"), ("cf 7fffffffffffffff", "9223372036854775807"),
        ("cf 8000000000000000", "9223372036854775808"), ("cf ffffffffffffffff", "18446744073709551615"),
        ("d0 80", "-128"), ("d1 8000", "-32768"), ("d2 80000000", "-2147483648"), ("d3 8000000000000000", "-9223372036854775808"),
        ("ca 3fc00000", "1.5f"), ("cb 3ff8000000000000", "1.5f"), ("cb 8000000000000000", "-0.0f"),
        ("a0", "''"), ("a3 'abc'", "'abc'"), ("d9 03 'abc'", "'abc'"), ("da 0003 'abc'", "'abc'"), ("db 00000003 'abc'", "'abc'"),
        ("c4 03 'abc'", "'abc'"), ("c5 0003 'abc'", "'abc'"), ("c6 00000003 'abc'", "'abc'"),
        ("90", "[]"), ("80", "{}"), ("dc 0000", "[]"), ("dd 00000000", "[]"), ("de 0000", "{}"), ("df 00000000", "{}"),
        ("93 01 c0 a1 'x'", #"[1,null,"x"]"#), ("dc 0002 c3 c2", "[true,false]"),
        ("82 a1 'a' 01 a1 'b' 92 02 81 a1 'c' 90", #"{"a":1,"b":[2,{"c":[]}]}"#),
        ("91 a6 22 5c 0a 00 1f 'x'", #"["\"\\\n\u0000\u001fx"]"#),
        ("91 cf ffffffffffffffff", "[18446744073709551615]"), ("91 ca 3fc00000", "[1.5]"),
        ("91 d7 00 00000001 05f5e100", #"["1970-01-01T00:00:01.100Z"]"#),
        ("d7 00 68000000 00000000", "@1744830464000000000"), ("d6 ff 68000000", "@1744830464000000000"),
        ("d7 ff 0000000400000001", "@1000000001"), ("c7 0c ff 00000001 ffffffffffffffff", "@-999999999"),
    ]

    @Test(arguments: values) func `every format is a value of its kind`(value: String, expected: String) {
        #expect(summary(of: "92 01 81 a1 'k' \(value)") == "timestamp=@1000000000 k=\(expected) tag='t'")
    }

    @Test(arguments: [
        ("cb 7ff8000000000000", "'NaN'"), ("cb 7ff0000000000000", "'Infinity'"), ("ca ff800000", "'-Infinity'"),
        ("d4 05 00", "'AA=='"), ("d5 05 0001", "'AAE='"), ("c7 03 80 ffffff", "'////'"), ("c7 00 07", "''"),
        ("91 d4 05 00", #"["AA=="]"#), ("81 a1 'x' cb 7ff8000000000000", #"{"x":"NaN"}"#), ("c8 0001 05 00", "'AA=='"),
        ("c9 00000001 05 00", "'AA=='"), ("d8 05 00000000000000000000000000000000", "'AAAAAAAAAAAAAAAAAAAAAA=='"),
    ])
    func `what JSON has no word for is text and flagged`(value: String, expected: String) {
        #expect(summary(of: "92 01 81 a1 'k' \(value)") == "timestamp=@1000000000 k=\(expected) tag='t' !value_invalid")
    }

    @Test(arguments: [
        ("01", "1", ""), ("c0", "null", ""), ("c3", "true", ""), ("cb 3ff8000000000000", "1.5", ""), ("c4 01 'b'", "b", ""), ("a0", "", ""),
        ("d7 00 00000001 00000000", "1970-01-01T00:00:01Z", ""), ("d4 05 00", "AA==", " !value_invalid"),
        ("cb 7ff8000000000000", "NaN", " !value_invalid"),
    ])
    func `a name that is no text is its text, at the top and inside`(name: String, expected: String, flags: String) {
        #expect(summary(of: "92 01 81 \(name) 05") == "timestamp=@1000000000 \(expected)=5 tag='t'" + flags)
        #expect(summary(of: "92 01 81 a1 'k' 81 \(name) 05") == "timestamp=@1000000000 k={\"\(expected)\":5} tag='t'" + flags)
    }

    @Test(arguments: ["92 01 81 90 05", "92 01 81 80 05", "92 01 81 a1 'k' 81 90 05"])
    func `a map or array as a name is refused`(entry: String) {
        #expect(summary(of: entry) == "nameIsContainer")
    }

    @Test func `a name that comes twice is there twice and flagged`() {
        #expect(
            summary(of: "92 01 83 a1 'a' 01 a1 'b' 02 a1 'a' 03") == "timestamp=@1000000000 a=1 b=2 a=3 tag='t' !duplicate_key")
        #expect(summary(of: "92 01 81 a3 'tag' 01") == "timestamp=@1000000000 tag=1 tag='t'")
    }

    @Test func `bytes that are not UTF-8 stay as they are`() {
        let event = decodeEntry(packed("92 01 82 a1 'k' c4 02 fffe a1 'l' 91 a2 c328")).events[0]
        #expect(event["k"] == .bytes([0xFF, 0xFE]))
        #expect(event.fields[2].name == "l" && event.flags == [])
    }

    @Test func `names that are not UTF-8 or too long to list are kept in the event`() {
        #expect(decodeEntry(packed("92 01 81 a2 fffe 01")).events[0].fields[1].value == .integer(1))
        let long = String(repeating: "n", count: 70_000)
        let event = decodeEntry(packed("92 01 81 db 00011170 '\(long)' 01")).events[0]
        #expect(event[long] == .integer(1))
    }

    @Test func `nesting is bounded and costs no stack`() {
        func nested(_ levels: Int) -> [UInt8] { packed("92 01 81 a1 'k'") + [UInt8](repeating: 0x91, count: levels) + [0xC0] }
        let deepest = decodeEntry(nested(511))
        #expect(deepest.fault == nil)
        #expect(deepest.events[0]["k"] == .json(String(repeating: "[", count: 511) + "null" + String(repeating: "]", count: 511)))
        #expect(decodeEntry(nested(512)).fault == .tooDeep)
        #expect(decodeEntry(nested(200_000)).fault == .tooDeep)
    }

    @Test func `a record of more fields than an event has is refused`() {
        let pairs = [[UInt8]](repeating: packed("a1 'k' c0"), count: 65_001).flatMap { $0 }
        #expect(decodeEntry(packed("92 01 df 0000fde9") + pairs).fault == .fieldsMax)
    }

    @Test func `a refused entry leaves nothing behind`() {
        let result = decodeEntry(packed("92 01 82 a1 'k' 93 01 02 03 a1 'l' 81 90 00"))
        #expect(result.fault == .nameIsContainer && result.events.isEmpty)
        #expect(result.growth < 0)
    }
}
