import Testing

@testable import SluiceRules

@Suite struct HashTests {
    private let call = LibraryBench()

    @Test func `digests have the published values`() {
        #expect(call("hash.sha256", "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(call("hash.sha256", "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            call("hash.sha512", "abc")
                == """
                ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
                """)
        #expect(call("hash.sha1", "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(call("hash.md5", "abc") == "900150983cd24fb0d6963f7d28e17f72")
    }

    @Test func `authentication codes have the values of RFC 4231`() {
        #expect(
            call("hash.hmac_sha256", "Jefe", "what do ya want for nothing?")
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            call("hash.hmac_sha512", "Jefe", "what do ya want for nothing?")
                == """
                164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737
                """)
        #expect(
            call(
                "hash.hmac_sha256", .text([UInt8](repeating: 0xaa, count: 131)),
                "Test Using Larger Than Block-Size Key - Hash Key First")
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func `a digest comes as hexadecimal digits, base64 or bytes`() {
        #expect(call("hash.sha1", "abc", "hex") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(call("hash.sha1", "abc", "base64") == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=")
        #expect(
            call("hash.sha1", "abc", "raw")
                == .text([
                    0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0,
                    0xd8, 0x9d,
                ]))
        #expect(
            call.failure("hash.sha1", "abc", "hexa")
                == "bad argument #2 to 'hash.sha1' (`hex`, `base64` or `raw` expected, got `hexa`)")
        #expect(
            call.failure("hash.hmac_sha256", "k", "abc", "hexa")
                == "bad argument #3 to 'hash.hmac_sha256' (`hex`, `base64` or `raw` expected, got `hexa`)")
    }

    @Test func `checksums have the published values`() {
        #expect(call("hash.crc32", "123456789") == 0xCBF4_3926)
        #expect(call("hash.crc32", "") == 0)
        #expect(call("hash.fnv1a", "") == .integer(Int64(bitPattern: 0xcbf2_9ce4_8422_2325)))
        #expect(call("hash.fnv1a", "a") == .integer(Int64(bitPattern: 0xaf63_dc4c_8601_ec8c)))
        #expect(call("hash.fnv1a", "foobar") == .integer(Int64(bitPattern: 0x8594_4171_f739_67e8)))
    }

    @Test func `a number is hashed as its text`() {
        #expect(call("hash.crc32", 123456789) == 0xCBF4_3926)
        #expect(call("hash.crc32", 1.5) == call("hash.crc32", "1.5"))
    }

    @Test func `a key that was used before starts anew each time`() {
        let first = call("hash.hmac_sha256", "a", "x")
        let other = call("hash.hmac_sha256", "b", "x")
        #expect(first != other)
        for _ in 0..<20 {
            #expect(call("hash.hmac_sha256", "a", "x") == first)
            #expect(call("hash.hmac_sha256", "b", "x") == other)
        }
    }
}
