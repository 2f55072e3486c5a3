import SluiceTestKit
import Testing

@testable import SluiceDecoding

@Suite struct ForwardMessageTests {
    /// What a message is, as text.
    static func shown(_ text: String) -> String {
        packed(text).withUnsafeBytes { bytes in
            do throws(ForwardMessage.Fault) {
                guard let message = try ForwardMessage.parse(bytes) else { return "heartbeat" }
                func hex(_ bytes: UnsafeRawBufferPointer) -> String {
                    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                }
                var parts = [String(decoding: message.tag, as: UTF8.self)]
                switch message.entries {
                case .one(let body): parts.append("one \(hex(body))")
                case .list(let items, let count): parts.append("list \(count) \(hex(items))")
                case .packed(let stream): parts.append("packed \(hex(stream))")
                }
                if let chunk = message.chunk { parts.append("chunk \(hex(chunk))") }
                if let size = message.size { parts.append("size \(size)") }
                if message.compression != .none { parts.append("\(message.compression)") }
                if message.signal != 0 { parts.append("signal \(message.signal)") }
                return parts.joined(separator: " ")
            } catch {
                return error.reason
            }
        }
    }

    @Test(arguments: [
        ("c0", "heartbeat"),
        ("93 a1 't' 01 80", "t one 0180"),
        ("94 a1 't' d7 00 00000001 00000002 81 a1 'a' 01 80", "t one d7000000000100000002" + "81a16101"),
        ("94 a1 't' 01 80 81 a5 'chunk' a2 'id'", "t one 0180 chunk a26964"), ("94 a1 't' 01 80 c0", "t one 0180"),
        ("93 a1 't' c0 80", "t one c080"), ("93 a1 't' 01 c0", "t list 0 "), ("93 a1 't' c0 81 a1 'a' c0", "t one c081a161c0"),
        ("92 a1 't' 92 92 01 80 92 02 80", "t list 2 9201809202" + "80"), ("92 a1 't' 90", "t list 0 "),
        ("93 a1 't' 91 92 01 80 83 a4 'size' 01 a5 'chunk' c4 02 'id' ad 'fluent_signal' 00", "t list 1 920180 chunk c4026964 size 1"),
        ("92 a1 't' c4 03 920180", "t packed 920180"), ("92 a1 't' a3 920180", "t packed 920180"), ("92 c4 01 't' a0", "t packed "),
        ("93 a1 't' a1 'x' 81 aa 'compressed' a4 'gzip'", "t packed 78 gzip"),
        ("93 a1 't' a1 'x' 81 aa 'compressed' a4 'text'", "t packed 78"),
        ("93 a1 't' a1 'x' 81 aa 'compressed' a4 'zstd'", "t packed 78 zstd"),
        ("93 a1 't' a1 'x' 81 aa 'compressed' a3 'lz4'", #"t packed 78 other("lz4")"#),
        ("93 a1 't' a1 'x' 82 ad 'fluent_signal' 01 01 02", "t packed 78 signal 1"), ("93 a1 't' a0 a1 'o'", "t packed "),
        ("95 a1 't' a0 80 01 02", "t packed "),
    ])
    func `every mode is taken apart`(message: String, expected: String) {
        #expect(Self.shown(message) == expected)
    }

    @Test(arguments: [
        ("01", "it is not an array of a tag and entries"), ("90", "it is not an array of a tag and entries"),
        ("91 a1 't'", "it is not an array of a tag and entries"), ("80", "it is not an array of a tag and entries"),
        ("92 01 90", "its tag is not text"), ("92 c0 90", "its tag is not text"), ("92 a1 't' 01", "it has a time and no record"),
        ("93 a1 't' a0 81 a5 'chunk' 01", "its option `chunk` is not a text of at most 1024 bytes"),
    ])
    func `what is no message says why`(message: String, expected: String) {
        #expect(Self.shown(message) == expected)
    }

    @Test func `tags and chunks have a limit`() {
        let tag = String(repeating: "t", count: 4_097)
        #expect(Self.shown("92 da 1001 '\(tag)' 90") == "its tag of 4097 bytes is longer than 4096 bytes")
        let chunk = String(repeating: "c", count: 1_025)
        #expect(
            Self.shown("93 a1 't' 90 81 a5 'chunk' da 0401 '\(chunk)'") == "its option `chunk` is not a text of at most 1024 bytes")
    }

    @Test func `entries are found one behind the other, and damage is seen`() {
        packed("920180 80 920280").withUnsafeBytes { bytes in
            #expect(ForwardEntries(bytes).map { "\($0.bytes.count) \($0.body.map { "\($0)" } ?? "none")" } == ["3 1", "1 none", "3 1"])
            #expect(ForwardEntries.count(bytes) == 3)
        }
        for damaged in ["920180 9202", "920180 c1", "920180 92 01 c1"] {
            packed(damaged).withUnsafeBytes { bytes in
                var entries = ForwardEntries(bytes)
                #expect(entries.next() != nil && entries.next() == nil && entries.isDamaged)
                #expect(ForwardEntries.count(bytes) == nil)
            }
        }
        [UInt8]().withUnsafeBytes { #expect(ForwardEntries.count($0) == 0) }
    }
}
