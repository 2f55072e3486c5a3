import SluiceConfig
import SluiceEvent
import Foundation
import SluiceComponent
import SluiceInputs
import Testing

@Suite struct RotationTests {
    let files = FileCase()

    @Test(arguments: ["*.log", "*.log*"], ["inotify", "poll"])
    func `a renamed file is read to its end and its successor from the start`(_ include: String, _ watch: String) throws {
        files.write("a.log", "one\n")
        let session = try files.start([
            ("include", .text(include)), ("watch", .text(watch)), ("poll_interval", .text("10ms")),
        ])
        _ = session.messages(1)
        files.append("a.log", "two\n")
        files.move("a.log", "a.log.1")
        files.append("a.log.1", "three\n")
        files.write("a.log", "new\n")
        #expect(session.messages(4).sorted() == ["new", "one", "three", "two"])
        files.append("a.log.1", "late\n")
        #expect(session.messages(5).last == "late")
        files.append("a.log", "newer\n")
        #expect(session.messages(6).last == "newer")
    }

    @Test func `a file that is moved to another folder is read to its end`() throws {
        files.makeFolder("old")
        files.write("a.log", "one\n")
        let session = try files.start()
        _ = session.messages(1)
        files.move("a.log", "old/a.log")
        files.append("old/a.log", "late\n")
        #expect(session.messages(2) == ["one", "late"])
    }

    @Test func `a renamed file without a last line end gives its last line when it was idle`() throws {
        files.write("a.log", "one\nhalf")
        let session = try files.start([("rotate_wait", .text("0s"))])
        _ = session.messages(1)
        files.move("a.log", "a.old")
        #expect(session.messages(2) == ["one", "half"])
    }

    @Test(arguments: ["inotify", "poll"])
    func `a file that is copied and truncated is begun anew`(_ watch: String) throws {
        files.write("a.log", "a rather long first line\n")
        let session = try files.start([("watch", .text(watch)), ("poll_interval", .text("10ms"))])
        _ = session.messages(1)
        truncate(files.path("a.log"), 0)
        files.append("a.log", "new\n")
        #expect(session.messages(2) == ["a rather long first line", "new"])
    }

    @Test func `a truncated file that grew past the old place meanwhile is begun anew`() throws {
        files.write("a.log", "one\n")
        let session = try files.start()
        _ = session.messages(1)
        session.hold()
        files.append("a.log", "")
        files.append("a.log", "two\n")
        session.awaitHeld()
        let text = (0..<100).map { "new \($0)\n" }.joined()
        truncate(files.path("a.log"), 0)
        files.append("a.log", text)
        session.release()
        #expect(session.messages(101) == ["one"] + (0..<100).map { "new \($0)" })
    }

    @Test func `what waited for its end is not lost by a truncation`() throws {
        files.write("a.log", "one\nhalf a line")
        let session = try files.start()
        _ = session.messages(1)
        truncate(files.path("a.log"), 0)
        files.append("a.log", "x\n")
        #expect(session.messages(3) == ["one", "half a line", "x"])
    }

    @Test func `a writer that keeps its old offset leaves a hole that is not read`() throws {
        let path = files.write("a.log", String(repeating: "0123456789abcde\n", count: 4_096))
        let session = try files.start()
        _ = session.messages(4_096)
        let handle = FileHandle(forUpdatingAtPath: path)!
        handle.seekToEndOfFile()
        truncate(path, 0)
        handle.write(Data("behind the hole\n".utf8))
        handle.closeFile()
        #expect(session.messages(4_097).last == "behind the hole")
        #expect(session.counter(.oversizeFrames) == 0)
    }

    @Test func `a deleted file is read to its end`() throws {
        let path = files.write("a.log", "one\n")
        let session = try files.start([("rotate_wait", .text("0s")), ("forget_after", .text("1s"))])
        _ = session.messages(1)
        session.hold()
        files.append("a.log", "two\nhalf")
        session.awaitHeld()
        unlink(path)
        session.release()
        #expect(session.messages(3) == ["one", "two", "half"])
        let forgotten = session.wait(for: "a forgotten position") { state in
            state.sent.flatMap(\.positions).contains { $0.value == nil } ? true : nil
        }
        #expect(forgotten == true)
        #expect(session.saved.keys.filter { $0 != ".started" } == [])
    }

    @Test func `a file that is made anew under a deleted one's name is another file`() throws {
        let path = files.write("a.log", "one\n")
        let session = try files.start([("rotate_wait", .text("0s"))])
        _ = session.messages(1)
        unlink(path)
        files.write("a.log", "one\ntwo\n")
        #expect(session.messages(3) == ["one", "one", "two"])
    }

    @Test func `a link that is turned to another file is followed`() throws {
        files.write("first", "one\n")
        files.write("second", "two\n")
        symlink(files.path("first"), files.path("a.log"))
        let session = try files.start()
        #expect(session.messages(1) == ["one"])
        symlink(files.path("second"), files.path("link"))
        files.move("link", "a.log")
        #expect(session.messages(2) == ["one", "two"])
        files.append("first", "late\n")
        #expect(session.messages(3).last == "late")
    }

    @Test func `a file under two names is read once`() throws {
        files.write("a.log", "one\n")
        link(files.path("a.log"), files.path("b.log"))
        symlink(files.path("a.log"), files.path("c.log"))
        let session = try files.start()
        _ = session.messages(1)
        files.append("c.log", "two\n")
        #expect(session.messages(2) == ["one", "two"])
        files.write("d.log", "last\n")
        #expect(session.messages(3) == ["one", "two", "last"])
    }
}
