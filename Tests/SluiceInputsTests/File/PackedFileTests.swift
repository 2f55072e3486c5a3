import SluiceEvent
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceInputs
import Testing

@Suite struct PackedFileTests {
    let files = FileCase()
    let all: [(key: String, value: OptionValues.Value)] = [("include", .text("*.log*"))]
    let text = (0..<30_000).map { "line \($0 &* 7_919)\n" }.joined()

    func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    @Test func `a packed file is read whole and not again after a restart`() throws {
        let packed = files.folder.gzip(text)
        _ = files.folder.file("a.log.gz", packed)
        var session = try files.start(all)
        #expect(session.messages(30_000) == lines(text))
        _ = session.wait(for: "the end") { state in
            state.sent.last?.positions.last?.value?.contains("\"done\":\(packed.count)") == true ? true : nil
        }
        files.stop()
        files.write("b.log", "other\n")
        session = try files.start(all, after: session)
        #expect(session.messages(1) == ["other"])
    }

    @Test func `a packed copy of a file that was read is not read again`() throws {
        files.write("a.log", text)
        let session = try files.start(all + [("rotate_wait", .text("0s"))])
        _ = session.messages(30_000)
        files.move("a.log", "a.log.1")
        _ = files.folder.file("a.log.1.gz", files.folder.gzip(text))
        unlink(files.path("a.log.1"))
        _ = session.wait(for: "the copy's end") { state in
            state.sent.flatMap(\.positions).contains {
                $0.value?.contains("a.log.1.gz") == true && $0.value?.contains("\"done\":0") == false
            }
                ? true : nil
        }
        files.write("b.log", "other\n")
        #expect(session.messages(30_001).last == "other")
    }

    @Test func `of a copy that was packed while nobody read the rest is read`() throws {
        files.write("a.log", text)
        var session = try files.start(all)
        _ = session.messages(30_000)
        files.stop()
        _ = files.folder.file("a.log.1.gz", files.folder.gzip(text + "the rest\n"))
        unlink(files.path("a.log"))
        session = try files.start(all, after: session)
        #expect(session.messages(1) == ["the rest"])
    }

    @Test func `a packed file with the same head as another one is read all the same`() throws {
        let head = (0..<100).map { "# head line \($0) of every file\n" }.joined()
        files.write("a.log", head + "one\n")
        let session = try files.start(all)
        _ = session.messages(101)
        _ = files.folder.file("b.log.gz", files.folder.gzip(head + "two\nthree\n"))
        #expect(session.messages(203).suffix(3) == ["# head line 99 of every file", "two", "three"])
    }

    @Test func `a packed file that is still written is read as it grows`() throws {
        let packed = files.folder.gzip(text)
        _ = files.folder.file("a.log.gz", Array(packed.prefix(packed.count / 2)))
        let session = try files.start(all)
        _ = session.messages(1_000)
        let handle = FileHandle(forWritingAtPath: files.path("a.log.gz"))!
        handle.seekToEndOfFile()
        handle.write(Data(packed.dropFirst(packed.count / 2)))
        handle.closeFile()
        #expect(session.messages(30_000) == lines(text))
    }

    @Test func `a damaged packed file gives what came before and counts as a failure`() throws {
        var packed = files.folder.gzip(text)
        for index in packed.count / 2..<packed.count / 2 + 40 { packed[index] = 0xFF }
        _ = files.folder.file("a.log.gz", packed)
        let session = try files.start(all)
        _ = session.wait(for: "a failure") { ($0.counts[.failures] ?? 0) > 0 ? true : nil }
        files.write("b.log", "other\n")
        let messages = session.wait(for: "the other file") { state in
            state.sent.flatMap(\.messages).last == "other" ? state.sent.flatMap(\.messages) : nil
        }
        #expect((messages?.count ?? 0) > 1_000)
        #expect(messages?.prefix(1_000) == lines(text).prefix(1_000))
    }
}
