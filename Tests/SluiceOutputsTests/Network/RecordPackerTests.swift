import NIOCore
import SluiceComponent
import Testing

@testable import SluiceOutputs

@Suite struct RecordPackerTests {
    private func packed(_ framing: WireFraming, _ texts: [String], keeps: Bool = false, recordsMax: Int = .max) -> (String, Int) {
        var packer = RecordPacker(framing, keepsSeparators: keeps)
        let parcel = records(texts)
        var all = ByteBuffer()
        while let part = parcel.unwrittenPart {
            let (chunk, length) = packer.pack(part, recordsMax: recordsMax)
            #expect(chunk.records > 0 && chunk.records <= recordsMax)
            all.writeImmutableBuffer(chunk.bytes)
            parcel.wrote(length)
        }
        return (String(buffer: all), packer.altered)
    }

    @Test func `each framing tells records apart`() {
        let texts = ["one", "", "drei: größer"]
        #expect(packed(.newline, texts) == ("one\n\ndrei: größer\n", 0))
        #expect(packed(.nul, texts) == ("one\0\0drei: größer\0", 0))
        #expect(packed(.octetCounting, texts) == ("3 one0 14 drei: größer", 0))
    }

    @Test func `a separator inside a record does not tear it`() {
        #expect(packed(.newline, ["a\nb\n\nc", "d"]) == ("a#012b#012#012c\nd\n", 1))
        #expect(packed(.nul, ["a\0b", "c\nd"]) == ("a#000b\0c\nd\0", 1))
        #expect(packed(.octetCounting, ["a\nb\0"]) == ("4 a\nb\0", 0))
        #expect(packed(.newline, ["\"a\nb\",c"], keeps: true) == ("\"a\nb\",c\n", 0))
    }

    @Test func `records go into as many chunks as the limit asks for`() {
        let texts = (0..<10).map { "record \($0)" }
        #expect(packed(.newline, texts, recordsMax: 3) == packed(.newline, texts))
    }

    @Test func `a chunk ends with the record that fills it`() {
        var packer = RecordPacker(.newline, keepsSeparators: false)
        let long = String(repeating: "x", count: RecordPacker.chunkBytesMax - 1)
        let parcel = records(long, "short", long, "last")
        var sizes: [Int] = []
        while let part = parcel.unwrittenPart {
            let (chunk, length) = packer.pack(part, recordsMax: .max)
            sizes.append(chunk.records)
            parcel.wrote(length)
        }
        #expect(sizes == [1, 2, 1])
    }

    @Test func `the window keeps what was sent last`() {
        var window = ResendWindow(bytesMax: 10)
        func chunk(_ text: String) -> RecordChunk { RecordChunk(bytes: ByteBuffer(string: text), records: 1) }
        for text in ["aaaa", "bbbb", "cccc"] { window.add(chunk(text)) }
        #expect(window.kept.map(\.count) == [4, 4, 4])
        window.add(chunk("dd"))
        #expect(window.kept.map { String(buffer: $0.bytes) } == ["bbbb", "cccc", "dd"])
        window.add(chunk("a chunk longer than the window"))
        #expect(window.kept.map(\.records) == [1])
        for number in 0..<1_000 { window.add(chunk("\(number)")) }
        #expect(window.byteCount == 12 && window.kept.last == chunk("999"))
        window.clear()
        #expect(window.kept.isEmpty && window.byteCount == 0)
        var none = ResendWindow(bytesMax: 0)
        none.add(chunk("x"))
        #expect(none.kept.isEmpty)
    }

    @Test func `records are spread over time`() {
        var pacer = RatePacer(perSecond: 100)
        #expect(pacer.burst == 5)
        #expect(pacer.delay(5, now: 1_000) == 0)
        #expect(pacer.delay(5, now: 1_000) == 50_000_000)
        #expect(pacer.delay(1, now: 100_001_000) == 0)
        // Time without records is not saved up.
        #expect(pacer.delay(1, now: 9_000_000_000) == 0)
        #expect(pacer.delay(1, now: 9_000_000_000) == 10_000_000)
        var slow = RatePacer(perSecond: 1)
        #expect(slow.burst == 1)
        #expect(slow.delay(1, now: 0) == 0 && slow.delay(1, now: 0) == 1_000_000_000)
        var none = RatePacer(perSecond: nil)
        #expect(none.delay(.max, now: 0) == 0 && none.burst == .max)
    }

    @Test(arguments: [
        ("ascii", 3, "asc"), ("ascii", 5, "ascii"), ("größe", 3, "gr"), ("größe", 4, "grö"), ("a€b", 2, "a"), ("a€b", 3, "a"),
        ("a€b", 4, "a€"),
        ("x😀", 4, "x"), ("x😀", 5, "x😀"),
    ])
    func `a datagram is cut between characters`(_ text: String, _ bytesMax: Int, _ expected: String) {
        let cut = Array(text.utf8).withUnsafeBytes { Array(DatagramText.cut($0, to: bytesMax)) }
        #expect(cut == Array(expected.utf8))
    }

    @Test func `bytes that are no text are cut anywhere`() {
        let bytes = [UInt8](repeating: 0x80, count: 9)
        #expect(bytes.withUnsafeBytes { DatagramText.cut($0, to: 7).count } == 7)
        #expect([0xFF, 0x80].withUnsafeBytes { DatagramText.cut(UnsafeRawBufferPointer(rebasing: $0[..<2]), to: 1).count } == 1)
    }
}
