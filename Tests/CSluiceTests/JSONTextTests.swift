import CSluice
import Testing

@Suite struct JSONTextTests {
    static func member(_ text: String, _ name: String) -> String? {
        var span = sl_span()
        let bytes = Array(text.utf8)
        let isFound = Array(name.utf8).withUnsafeBytes {
            sl_json_member(bytes, bytes.count, $0.bindMemory(to: CChar.self).baseAddress, $0.count, &span)
        }
        return isFound ? String(decoding: bytes[Int(span.offset)..<Int(span.offset + span.length)], as: UTF8.self) : nil
    }

    @Test(arguments: [
        (#"{"a":1, "b" : {"c":[1,"}"]} ,"a":"x\"y" }"#, "a", #""x\"y""#),
        (#"{"a":1, "b" : {"c":[1,"}"]} }"#, "b", #"{"c":[1,"}"]}"#),
        (#" {"\u0061":true}"#, "a", "true"),
        (#"{"\ud83d\ude00":1}"#, "😀", "1"),
        (#"{"":null}"#, "", "null"),
        ("{}", "a", nil), ("", "a", nil), ("[1]", "a", nil), (#"{"a""#, "a", nil), (#"{"a":"#, "a", nil), (#"{"\"#, "a", nil),
    ])
    func `the last member of a name is found`(text: String, name: String, expected: String?) {
        #expect(Self.member(text, name) == expected)
    }

    @Test(arguments: [("[1,[2,3],{\"x\":[]}]", 3), ("[]", 0), ("{}", 0), ("{\"a\":1,\"a\":2}", 2), ("[1,", 1), ("x", 0)])
    func `members and elements are counted`(text: String, count: Int) {
        let bytes = Array(text.utf8)
        #expect(sl_json_count(bytes, bytes.count) == count)
    }

    @Test func `an element is found by its index`() {
        let bytes = Array(" [ 1 , \"a,b\" ,[2] ]".utf8)
        var span = sl_span()
        #expect(sl_json_element(bytes, bytes.count, 1, &span))
        #expect(String(decoding: bytes[Int(span.offset)..<Int(span.offset + span.length)], as: UTF8.self) == "\"a,b\"")
        #expect(!sl_json_element(bytes, bytes.count, 3, &span))
    }

    @Test(arguments: [
        (#"a\n\t\"\\\/\b\f\r"#, "a\n\t\"\\/\u{8}\u{c}\r"), (#"\u00e9\u4f60\ud83d\ude00"#, "é你😀"),
        (#"\ud83dx\ude00\ud83d\u0041"#, "\u{FFFD}x\u{FFFD}\u{FFFD}A"), (#"\q\u12"#, #"\q\u12"#), ("\\", "\\"),
    ])
    func `a literal is unescaped`(literal: String, expected: String) {
        let bytes = Array(literal.utf8)
        var output = [UInt8](repeating: 0, count: bytes.count + 1)
        let count = sl_json_unescape(&output, bytes, bytes.count)
        #expect(String(decoding: output[..<count], as: UTF8.self) == expected)
        #expect(count <= bytes.count)
    }

    @Test func `escaping and unescaping are inverse for every character`() {
        var wrong: [UnicodeScalar] = []
        for scalar in (0...0x10FFFF).lazy.compactMap(UnicodeScalar.init) where scalar.value < 0x3000 || scalar.value % 257 == 0 {
            let bytes = Array("a\(Character(scalar))b".utf8)
            var literal = [UInt8](repeating: 0, count: 6 * bytes.count)
            var replaced: UInt64 = 0
            let length = sl_json_escape(&literal, bytes, bytes.count, &replaced)
            var back = [UInt8](repeating: 0, count: length)
            let count = sl_json_unescape(&back, literal, length)
            if Array(back[..<count]) != bytes || replaced != 0 { wrong.append(scalar) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func `any bytes are walked without an end being missed`() {
        let letters = Array("{}[]\",:\\u0d8a \n1t".utf8)
        var state: UInt64 = 42
        var wrong: [[UInt8]] = []
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<24 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(letters[Int(state >> 33) % letters.count])
            }
            var at = 0
            var name = sl_span()
            var value = sl_span()
            var members = 0
            while sl_json_next_member(bytes, bytes.count, &at, &name, &value) { members += 1 }
            if members > bytes.count || Int(value.offset + value.length) > bytes.count { wrong.append(bytes) }
            for start in 0...bytes.count {
                let end = sl_json_skip(bytes, bytes.count, start)
                if end < start || end > bytes.count { wrong.append(bytes) }
            }
        }
        #expect(wrong.isEmpty)
    }
}
