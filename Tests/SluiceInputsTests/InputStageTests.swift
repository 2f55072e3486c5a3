import Foundation
import SluiceComponent
import SluiceEvent
import SluiceFraming
import SluiceInputs
import Testing

/// Frames of a stage up to its end or fault; a new stream shows as `|`.
func lines(_ stage: inout InputStage) -> (lines: [String], error: InputError?) {
    let batch = EventBatch()
    var lines: [String] = []
    while true {
        batch.clear()
        do throws(InputError) {
            let filled = try stage.fill(batch)
            if filled.startsStream { lines.append("|") }
            lines += texts(filled, batch)
            if filled.isEnd { return (lines, nil) }
        } catch {
            return (lines, error)
        }
    }
}

/// The frames' text.
func texts(_ filled: Filled, _ batch: borrowing EventBatch) -> [String] {
    var texts: [String] = []
    for frame in filled.frames { texts.append(String(decoding: batch.bytes(frame.text), as: UTF8.self)) }
    return texts
}

@Suite struct InputStageTests {
    let folder = TemporaryFolder()

    func stage(
        _ bytes: [UInt8], framer: any Framer = NewlineFramer(), charset: Charset = .utf8
    ) throws -> InputStage {
        InputStage(try FileReader(path: folder.file(UUID().uuidString, bytes)), framer: framer, charset: charset)
    }

    func stage(_ pipe: TestPipe, framer: any Framer = NewlineFramer()) throws -> InputStage {
        InputStage(try FileReader(descriptor: pipe.reading, name: "pipe", closes: false), framer: framer)
    }

    @Test func `lines that lie across reads come whole and in order`() throws {
        let expected = (0..<100_000).map { "line number \($0) " + String(repeating: "x", count: $0 % 97) }
        var stage = try stage(Array(expected.joined(separator: "\n").utf8))
        #expect(lines(&stage).lines == expected)
        let frames = stage.framingCounts.frames
        let isRead = stage.bytesRead == stage.bytesTotal
        #expect(frames == expected.count && isRead)
    }

    @Test func `many short lines come in several turns`() throws {
        var stage = try stage(Array(String(repeating: "a\n", count: 200_000).utf8))
        #expect(lines(&stage).lines.count == 200_000)
    }

    @Test func `an empty file ends at once`() throws {
        var stage = try stage([])
        let result = lines(&stage)
        #expect(result.lines == [] && result.error == nil)
    }

    @Test func `a line longer than a read comes whole`() throws {
        let long = String(repeating: "y", count: 900_000)
        var stage = try stage(Array("a\n\(long)\nb".utf8))
        #expect(lines(&stage).lines == ["a", long, "b"])
    }

    @Test func `a fault comes after the frames before it`() throws {
        let packed = folder.gzip((0..<20_000).map { "line \($0 &* 7_919)\n" }.joined())
        var stage = try stage(Array(packed.dropLast(packed.count / 3)))
        let result = lines(&stage)
        #expect(result.lines.count > 1_000)
        #expect(result.error?.code == .cutOff)
    }

    @Test func `an oversize frame under the policy error ends the input`() throws {
        let framer = NewlineFramer(FramingOptions(frameBytesMax: 5, oversize: .error))
        var stage = try stage(Array("ok\ntoo long\nnever\n".utf8), framer: framer)
        let result = lines(&stage)
        #expect(result.lines == ["ok"])
        #expect(result.error?.code == .oversizeFrame)
    }

    @Test func `a byte-order mark is taken off`() throws {
        var stage = try stage([0xEF, 0xBB, 0xBF] + Array("{}\nx\n".utf8))
        let batch = EventBatch()
        let filled = try stage.fill(batch)
        #expect(filled.frames.map(\.flags) == [.bomRemoved, []])
        #expect(texts(filled, batch) == ["{}", "x"])
    }

    @Test(arguments: [
        ("utf-16le", String.Encoding.utf16LittleEndian), ("utf-16be", .utf16BigEndian), ("utf-16", .utf16),
        ("utf-32", .utf32), ("UTF_32LE", .utf32LittleEndian),
    ])
    func `wide text is converted before framing`(_ name: String, _ encoding: String.Encoding) throws {
        let text = "größe\n中文 😀\nend"
        var stage = try stage(Array(text.data(using: encoding)!), charset: Charset(named: name))
        #expect(lines(&stage).lines == ["größe", "中文 😀", "end"])
    }

    @Test func `GBK is converted after framing and the raw bytes stay`() throws {
        var stage = try stage([0xC4, 0xE3, 0xBA, 0xC3, 0x0A, 0x61, 0x0A], charset: Charset(named: "gbk"))
        let batch = EventBatch()
        let filled = try stage.fill(batch)
        #expect(texts(filled, batch) == ["你好", "a"])
        #expect(filled.frames.map(\.flags) == [.charsetGbk, []])
        #expect(Array(batch.bytes(filled.frames[0].raw)) == [0xC4, 0xE3, 0xBA, 0xC3])
        let counts = stage.charsetCounts
        #expect(counts.converted == 1)
    }

    @Test func `a pipe gives each line when it comes and says that it is idle`() throws {
        let pipe = TestPipe()
        var stage = try stage(pipe)
        let batch = EventBatch()
        pipe.write("one\ntw")
        var filled = try stage.fill(batch)
        #expect(filled.frames.count == 1 && filled.isIdle && !filled.isEnd)
        pipe.write("o\n")
        batch.clear()
        filled = try stage.fill(batch)
        #expect(texts(filled, batch) == ["two"])
        pipe.closeWriting()
        batch.clear()
        filled = try stage.fill(batch)
        #expect(filled.frames.isEmpty && filled.isEnd)
    }

    @Test func `a turn does not wait before it has said that it is idle`() throws {
        let pipe = TestPipe()
        var stage = try stage(pipe)
        let filled = try stage.fill(EventBatch())
        #expect(filled.isIdle && filled.frames.isEmpty)
    }

    @Test func `lines of a trace are given out when nothing comes`() throws {
        let pipe = TestPipe()
        var stage = try stage(pipe, framer: MultilineFramer(.traces(.all)))
        stage.openFrameIdleNs = 0
        let batch = EventBatch()
        pipe.write("a.BError: c\n\tat d.e(F.java:1)\n")
        let idle = try stage.fill(batch)
        #expect(idle.isIdle)
        batch.clear()
        let filled = try stage.fill(batch)
        #expect(texts(filled, batch) == ["a.BError: c\n\tat d.e(F.java:1)"])
    }

    @Test func `a stop ends the input, gives the open record out and keeps a half line back`() throws {
        let (pipe, stop) = (TestPipe(), TestPipe())
        var stage = try stage(pipe, framer: MultilineFramer(.traces(.all)))
        stage.stopDescriptor = stop.reading
        let batch = EventBatch()
        pipe.write("plain\na.BError: c\n\tat d.e(F.java:1)\nhalf")
        let first = try stage.fill(batch)
        #expect(texts(first, batch) == ["plain"])
        stop.write("!")
        batch.clear()
        let last = try stage.fill(batch)
        #expect(texts(last, batch) == ["a.BError: c\n\tat d.e(F.java:1)"])
        #expect(last.isEnd && last.isStopped)
    }

    @Test func `a followed file that is replaced starts a stream`() throws {
        let path = folder.file("a.log", "one\nhalf")
        var stage = InputStage(try FileReader(path: path, follows: true), framer: NewlineFramer())
        let batch = EventBatch()
        var seen: [String] = []
        for turn in 0..<5 where seen.last != "new" {
            batch.clear()
            let filled = try stage.fill(batch)
            if filled.startsStream { seen.append("|") }
            seen += texts(filled, batch)
            if turn == 0 {
                rename(path, path + ".1")
                _ = folder.file("a.log", "new\n")
            }
        }
        #expect(seen == ["one", "half", "|", "new"])
    }
}
