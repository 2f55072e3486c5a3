import SluiceConfig
import SluiceEvent
import Foundation
import SluiceComponent
import SluiceInputs
import Testing

@Suite struct FileInputTests {
    let files = FileCase()

    @Test(arguments: ["inotify", "poll"])
    func `what is there comes first and what is appended when it is written`(_ watch: String) throws {
        files.write("a.log", "one\ntwo\n")
        let session = try files.start([("watch", .text(watch)), ("poll_interval", .text("10ms"))])
        #expect(session.messages(2) == ["one", "two"])
        files.append("a.log", "three\n")
        #expect(session.messages(3) == ["one", "two", "three"])
    }

    @Test(arguments: ["inotify", "poll"])
    func `a new file is read from its beginning`(_ watch: String) throws {
        let session = try files.start([
            ("watch", .text(watch)), ("poll_interval", .text("10ms")), ("start", .text("end")),
        ])
        _ = session.wait(for: "a first look") { $0.sent.isEmpty ? nil : true }
        files.write("new.log", "one\n")
        #expect(session.messages(1) == ["one"])
    }

    @Test func `a file in folders that do not exist yet is found`() throws {
        let session = try files.start([("include", .text("deep/*/x.log"))])
        files.makeFolder("deep/er")
        files.write("deep/er/x.log", "one\n")
        #expect(session.messages(1) == ["one"])
    }

    @Test func `a line waits for its end`() throws {
        files.write("a.log", "one\nhal")
        let session = try files.start()
        #expect(session.messages(1) == ["one"])
        files.append("a.log", "f\n")
        #expect(session.messages(2) == ["one", "half"])
    }

    @Test func `a line whose end does not come is sent when that is wanted`() throws {
        files.write("a.log", "half")
        let session = try files.start([("flush_partial_after", .text("1ms"))])
        #expect(session.messages(1) == ["half"])
        files.append("a.log", "other\nmore\n")
        #expect(session.messages(3) == ["half", "other", "more"])
    }

    @Test func `files that are there at the first start are skipped when that is wanted and read on from there`() throws {
        files.write("a.log", "old\n")
        var session = try files.start([("start", .text("end"))])
        _ = session.wait(for: "positions") { $0.sent.flatMap(\.positions).count >= 2 ? true : nil }
        files.append("a.log", "new\n")
        #expect(session.messages(1) == ["new"])
        files.stop()
        files.write("b.log", "made while away\n")
        session = try files.start([("start", .text("end"))], after: session)
        #expect(session.messages(1) == ["made while away"])
    }

    @Test func `the path is there for templates when that is wanted`() throws {
        let path = files.write("a.log", "one\ntwo\n")
        let session = try files.start([("include_path", .text("true"))], text: { TestSession.field("@path", $1, $0) })
        #expect(session.messages(2) == [path, path])
    }

    @Test func `excluded files are not read`() throws {
        files.write("b.log", "no\n")
        files.write("a.log", "yes\n")
        let session = try files.start([("exclude", .texts(["b.*"]))])
        #expect(session.messages(1) == ["yes"])
        files.append("b.log", "no\n")
        files.append("a.log", "again\n")
        #expect(session.messages(2) == ["yes", "again"])
    }

    @Test func `one batch holds one file and the order within each file holds`() throws {
        for name in 0..<20 { files.write("\(name).log", (0..<500).map { "\(name) \($0)\n" }.joined()) }
        let session = try files.start([("max_open_files", .text("3"))])
        let messages = session.messages(10_000)
        for name in 0..<20 {
            #expect(messages.filter { $0.hasPrefix("\(name) ") } == (0..<500).map { "\(name) \($0)" })
        }
        files.stop()
        for sent in session.state.withLock({ $0.sent }) {
            #expect(Set(sent.messages.map { $0.prefix { $0 != " " } }).count <= 1)
        }
        #expect(Set(session.state.withLock { $0.sent.filter { !$0.messages.isEmpty }.map(\.stream) }).count == 20)
    }

    @Test func `files that were closed for others are read on when they grow`() throws {
        for name in 0..<5 { files.write("\(name).log", "start \(name)\n") }
        let session = try files.start([("max_open_files", .text("2"))])
        _ = session.messages(5)
        for name in 0..<5 { files.append("\(name).log", "more \(name)\n") }
        #expect(session.messages(10).dropFirst(5).sorted() == (0..<5).map { "more \($0)" })
    }

    @Test func `a long file comes whole`() throws {
        let lines = (0..<50_000).map { "line \($0) " + String(repeating: "x", count: $0 % 90) }
        files.write("a.log", lines.joined(separator: "\n") + "\n")
        let session = try files.start()
        #expect(session.messages(50_000) == lines)
    }

    @Test func `a strict decoder's refusals are kept`() throws {
        files.write("a.log", "{\"message\":\"good\"}\nbad\n")
        let session = try files.start([("format", .text("json")), ("strict", .text("true"))])
        #expect(session.messages(1) == ["good"])
        let refused = session.wait(for: "a refusal") { $0.refused.first }
        #expect(refused?.hasPrefix("bad: frame refused by `json` in strict mode") == true)
        #expect(session.counter(.refusedFrames) == 1)
    }

    @Test func `lines that are too long are counted`() throws {
        files.write("a.log", String(repeating: "x", count: 200) + "\nok\n")
        let session = try files.start([("max_frame_size", .text("100B"))])
        #expect(session.messages(2) == [String(repeating: "x", count: 100), "ok"])
        #expect(session.counter(.oversizeFrames) == 1)
        #expect(session.counter(.bytesLost) == 100)
    }

    @Test func `lines of a trace are sent when nothing follows`() throws {
        files.write("a.log", "a.BError: c\n\tat d.e(F.java:1)\n")
        let session = try files.start([("multiline", .text("java"))])
        #expect(session.messages(1) == ["a.BError: c\n\tat d.e(F.java:1)"])
    }

    @Test func `a stop ends the wait at once and nothing is sent after it`() throws {
        files.write("a.log", "one\n")
        let session = try files.start()
        #expect(session.messages(1) == ["one"])
        files.stop()
        let sent = session.state.withLock { $0.sent.count }
        files.append("a.log", "two\n")
        #expect(session.state.withLock { $0.sent.count } == sent)
    }
}
