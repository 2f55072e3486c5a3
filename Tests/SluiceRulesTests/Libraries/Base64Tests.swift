import Testing

@testable import SluiceRules

@Suite struct Base64Tests {
    private let call = LibraryBench()

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the vectors of RFC 4648 hold both ways`(_ plain: String, _ encoded: String) {
        #expect(call("base64.encode", .string(plain)) == .string(encoded))
        #expect(call("base64.decode", .string(encoded)) == .string(plain))
        let bare = String(encoded.prefix { $0 != "=" })
        #expect(call("base64.decode", .string(bare)) == .string(plain))
        #expect(call("base64.encode_url", .string(plain)) == .string(bare))
        #expect(call("base64.decode_url", .string(bare)) == .string(plain))
        #expect(call("base64.decode_url", .string(encoded)) == .string(plain))
    }

    @Test func `the alphabets differ in two characters`() {
        #expect(call("base64.encode", .text([0xFB, 0xFF, 0xFE])) == "+//+")
        #expect(call("base64.encode_url", .text([0xFB, 0xFF, 0xFE])) == "-__-")
        #expect(call("base64.decode_url", "-__-") == .text([0xFB, 0xFF, 0xFE]))
        #expect(call.all("base64.decode", "-__-") == [nil, "byte 1 of 4 is no base64"])
        #expect(call.all("base64.decode_url", "ab+/") == [nil, "byte 3 of 4 is no base64url"])
    }

    @Test func `every byte survives`() {
        let bytes = (0..<256).map { UInt8($0) }
        for count in 0...256 {
            let part = RuleValue.text(Array(bytes.prefix(count)))
            let answer = call("base64.decode", call("base64.encode", part))
            #expect(answer == (count == 0 ? "" : part))
        }
    }

    @Test func `line ends are skipped and broken text is refused`() {
        #expect(call("base64.decode", "Zm9v\r\nYmFy\n") == "foobar")
        #expect(call.all("base64.decode", "Zm9vY") == [nil, "base64 text is cut off"])
        #expect(call.all("base64.decode", "Zg=") == [nil, "base64 text is cut off"])
        #expect(call.all("base64.decode", "Zm9v====") == [nil, "base64 text is cut off"])
        #expect(call.all("base64.decode", "Zg==Zg==") == [nil, "byte 5 of 8 is no base64"])
    }
}
