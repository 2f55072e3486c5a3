import SluiceTestKit
import Testing

@testable import SluiceDecoding

@Suite struct MessagePackScannerTests {
    static let values = [
        "c0", "7f", "a3 'abc'", "d9 03 'abc'", "c4 00", "93 01 92 a1 'x' 80 c3", "82 a1 'a' 01 a1 'b' 93 01 02 03", "dc 0003 01 02 03",
        "de 0001 a1 'k' c7 05 01 'hello'", "cb 3ff8000000000000", "d8 05 00000000000000000000000000000000", "90", "80",
        "93 a3 'tag' 92 92 01 80 92 02 81 a1 'k' db 00000004 'text' 81 a5 'chunk' a2 'id'",
    ]

    /// What a scan says of the first bytes of a value, one more at a time from `step` on.
    static func scan(_ bytes: [UInt8], upTo pieces: [Int], bytesMax: Int = 1 << 20) -> [MessagePackScanner.Progress] {
        var scanner = MessagePackScanner(bytesMax: bytesMax)
        return pieces.map { count in bytes.withUnsafeBytes { scanner.scan(UnsafeRawBufferPointer(rebasing: $0[..<count])) } }
    }

    @Test(arguments: values) func `a value ends where it ends, however it comes`(text: String) {
        let bytes = packed(text) + [0xC1, 0xC1]
        let count = bytes.count - 2
        #expect(Self.scan(bytes, upTo: [bytes.count]) == [.whole(count)])
        let dripped = Self.scan(bytes, upTo: Array(1...count))
        #expect(dripped == [MessagePackScanner.Progress](repeating: .part, count: count - 1) + [.whole(count)])
        for cut in 1..<max(2, count) { #expect(Self.scan(bytes, upTo: [cut, count]).last == .whole(count)) }
    }

    @Test(arguments: values) func `the limit holds to the byte`(text: String) {
        let bytes = packed(text)
        #expect(Self.scan(bytes, upTo: [bytes.count], bytesMax: bytes.count) == [.whole(bytes.count)])
        #expect(Self.scan(bytes, upTo: [bytes.count], bytesMax: bytes.count - 1) == [.tooLarge])
    }

    @Test(arguments: ["db ffffffff", "dd ffffffff", "df ffffffff", "c6 ffffffff", "c9 ffffffff 00", "dc ffff", "92 dd 00100000 01"])
    func `what a head announces is refused at once`(text: String) {
        #expect(Self.scan(packed(text), upTo: [packed(text).count], bytesMax: 10_000) == [.tooLarge])
    }

    @Test func `arrays of arrays cannot make numbers overflow`() {
        let bytes = [[UInt8]](repeating: packed("dd ffffffff"), count: 1_000).flatMap { $0 }
        #expect(Self.scan(bytes, upTo: [bytes.count], bytesMax: Int(UInt32.max)) == [.tooLarge])
        let deep = [UInt8](repeating: 0x91, count: 1_000_000)
        #expect(Self.scan(deep + [0xC0], upTo: [deep.count, deep.count + 1], bytesMax: 2 << 20) == [.part, .whole(deep.count + 1)])
    }

    @Test func `the byte that begins nothing is seen where it stands`() {
        #expect(Self.scan(packed("c1"), upTo: [1]) == [.malformed])
        #expect(Self.scan(packed("93 01 c1"), upTo: [1, 2, 3]) == [.part, .part, .malformed])
        #expect(Self.scan(packed("a2 c1c1"), upTo: [3]) == [.whole(3)])
    }
}
