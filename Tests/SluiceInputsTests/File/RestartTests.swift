import SluiceEvent
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceInputs
import Testing

@Suite struct RestartTests {
    let files = FileCase()

    @Test func `reading goes on behind the saved position, neither twice nor too late`() throws {
        files.write("a.log", "one\nhal")
        var session = try files.start()
        #expect(session.messages(1) == ["one"])
        files.stop()
        files.append("a.log", "f\ntwo\n")
        session = try files.start(after: session)
        #expect(session.messages(2) == ["half", "two"])
        files.stop()
        session = try files.start(after: session)
        files.append("a.log", "three\n")
        #expect(session.messages(1) == ["three"])
        #expect(session.counter(.replayed) == 0)
    }

    @Test func `a file that was renamed while nobody read is known by its inode`() throws {
        files.write("a.log", "one\n")
        var session = try files.start()
        _ = session.messages(1)
        files.stop()
        files.append("a.log", "two\n")
        files.move("a.log", "b.log")
        files.write("a.log", "new\n")
        session = try files.start(after: session)
        #expect(session.messages(2).sorted() == ["new", "two"])
    }

    @Test func `an inode that means another file by now misleads nobody`() throws {
        let path = files.write("a.log", "one\ntwo\n")
        var session = try files.start()
        _ = session.messages(2)
        files.stop()
        // The same inode with other content, longer than what was read.
        let handle = FileHandle(forUpdatingAtPath: path)!
        handle.truncateFile(atOffset: 0)
        handle.write(Data("other\ncontent\nand more\n".utf8))
        handle.closeFile()
        session = try files.start(after: session)
        #expect(session.messages(3) == ["other", "content", "and more"])
    }

    @Test func `a file that was written anew with the same head is read from its start`() throws {
        let head = (0..<100).map { "# head line \($0) of every file\n" }.joined()
        let path = files.write("a.log", head + "one\n")
        var session = try files.start()
        _ = session.messages(101)
        files.stop()
        let handle = FileHandle(forUpdatingAtPath: path)!
        handle.truncateFile(atOffset: 0)
        handle.write(Data((head + "two\n" + "three\n").utf8))
        handle.closeFile()
        session = try files.start(after: session)
        #expect(session.messages(102).suffix(2) == ["two", "three"])
    }

    @Test func `a CSV file that is taken up in its middle still knows its header`() throws {
        files.write("a.log", "name,age\nanna,31\n")
        let options: [(key: String, value: OptionValues.Value)] = [("format", .text("csv:header=true"))]
        var session = try files.start(options, text: { TestSession.field("name", $1, $0) })
        #expect(session.messages(1) == ["anna"])
        files.stop()
        files.append("a.log", "ben,40\n")
        session = try files.start(options, after: session, text: { TestSession.field("name", $1, $0) })
        #expect(session.messages(1) == ["ben"])
    }

    @Test func `a position never lies in the middle of a joined record`() throws {
        files.write("a.log", "plain\na.BError: c\n\tat d.e(F.java:1)\n")
        let options: [(key: String, value: OptionValues.Value)] = [("multiline", .text("java"))]
        var session = try files.start(options)
        _ = session.messages(1)
        files.stop()
        let sent = session.state.withLock { $0.sent.flatMap(\.messages) }
        // The record was either sent, or it is read again from its first line.
        files.append("a.log", "\tat g.h(I.java:2)\nnext\n")
        session = try files.start(options, after: session)
        if sent.count == 1 {
            #expect(session.messages(1).first == "a.BError: c\n\tat d.e(F.java:1)\n\tat g.h(I.java:2)")
        } else {
            #expect(session.messages(1).first == "\tat g.h(I.java:2)")
        }
    }

    @Test func `parts of a container's line that wait are not lost by a restart`() throws {
        let time = "2016-10-06T00:17:09.669794202Z"
        files.write("a.log", "\(time) stdout F whole\n\(time) stdout P part\n")
        let options: [(key: String, value: OptionValues.Value)] = [("format", .text("cri"))]
        var session = try files.start(options)
        _ = session.messages(1)
        files.stop()
        files.append("a.log", "\(time) stdout F rest\n")
        session = try files.start(options, after: session)
        #expect(session.messages(1) == ["partrest"])
    }

    @Test func `wide text is taken up at the right byte`() throws {
        let options: [(key: String, value: OptionValues.Value)] = [("charset", .text("utf-16"))]
        func wide(_ text: String) -> [UInt8] { Array(text.data(using: .utf16LittleEndian)!) }
        let path = folderFile("a.log", [0xFF, 0xFE] + wide("größe 😀\nhal"))
        var session = try files.start(options)
        #expect(session.messages(1) == ["größe 😀"])
        files.stop()
        let handle = FileHandle(forWritingAtPath: path)!
        handle.seekToEndOfFile()
        handle.write(Data(wide("b\nend\n")))
        handle.closeFile()
        session = try files.start(options, after: session)
        #expect(session.messages(2) == ["halb", "end"])
    }

    @Test func `after a crash what is read again counts as replayed`() throws {
        files.write("a.log", "one\n")
        var session = try files.start()
        _ = session.messages(1)
        files.stop()
        files.append("a.log", "two\nthree\n")
        session = try files.start(after: session, isRecovering: true)
        _ = session.messages(2)
        files.append("a.log", "four\n")
        #expect(session.messages(3) == ["two", "three", "four"])
        #expect(session.counter(.replayed) == 2)
    }

    private func folderFile(_ name: String, _ bytes: [UInt8]) -> String { files.folder.file(name, bytes) }
}
