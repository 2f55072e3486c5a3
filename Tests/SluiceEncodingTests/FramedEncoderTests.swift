import CSluice
import SluiceComponent
import SluiceEncoding
import SluiceEvent
import Testing

@Suite struct FramedEncoderTests {
    private static func encoded(_ messages: [String], _ framing: RecordFraming) throws -> [UInt8] {
        let fixture = EventFixture(messages.map { "event\nmessage string \($0)" }.joined(separator: "\n"))
        var encoder: any Encoder = FramedEncoder(try EncoderCatalogue.make("text", "{message}"), framing)
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        #expect(encoder.encode(batch: fixture.batch.raw, bit: 1, to: &buffer) == messages.count)
        return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length))
    }

    @Test func `records stay as they are`() throws {
        #expect(String(decoding: try Self.encoded(["a", "bc"], .asEncoded), as: UTF8.self) == "a\nbc\n")
    }

    @Test(arguments: [0, 1, 9, 10, 11, 99, 100, 101, 12_345])
    func `counted records lose their line end and stand behind their length`(_ length: Int) throws {
        let message = String(repeating: "x", count: length)
        #expect(String(decoding: try Self.encoded([message, "b"], .counted), as: UTF8.self) == "\(length) \(message)1 b")
    }

    @Test func `sized records are found again`() throws {
        let messages = ["", "a", String(repeating: "ü", count: 40_000), "line\\nline"]
        let bytes = try Self.encoded(messages, .sized)
        let found = bytes.withUnsafeBytes { bytes in SizedRecords(bytes).map { String(decoding: $0, as: UTF8.self) } }
        #expect(found == ["", "a", String(repeating: "ü", count: 40_000), "line\\nline"])
    }

    @Test func `sized records that are cut short end the sequence`() {
        let bytes: [UInt8] = [1, 0, 0, 0, 0x61, 5, 0, 0, 0, 0x62]
        #expect(bytes.withUnsafeBytes { SizedRecords($0).map { Array($0) } } == [[0x61]])
    }
}
