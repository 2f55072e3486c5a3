import CSluice
import Foundation
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// Both sides over loopback.
@Suite struct FetchInputTests {
    let files = FetchCase()

    @Test func `lines come as they are written, with host and file`() throws {
        files.write("log", "one\ntw")
        try files.serve()
        let session = try files.start(
            [("include_path", .text("true"))],
            text: { batch, event in
                let peer = batch.peer(of: event).map { String(decoding: $0, as: UTF8.self) } ?? "-"
                return "\(peer) \(TestSession.field("@path", event, batch)) \(TestSession.field("message", event, batch))"
            })
        #expect(session.messages(1) == ["127.0.0.1 log one"])
        files.append("log", "o\nthree\n")
        #expect(session.messages(3) == ["127.0.0.1 log one", "127.0.0.1 log two", "127.0.0.1 log three"])
        #expect(session.counter(.opened) == 1)
    }

    @Test func `fetching goes on behind the saved position, neither twice nor too late`() throws {
        files.write("log", "one\nhal")
        try files.serve()
        var session = try files.start()
        #expect(session.messages(1) == ["one"])
        files.stop()
        files.append("log", "f\ntwo\n")
        session = try files.start(after: session)
        #expect(session.messages(2) == ["half", "two"])
        files.stop()
        session = try files.start(after: session)
        files.append("log", "three\n")
        #expect(session.messages(1) == ["three"])
        #expect(session.counter(.replayed) == 0 && session.counter(.placesLost) == 0)
    }

    @Test func `a file of which nothing was read yet has a position`() throws {
        files.write("log", "")
        try files.serve()
        var session = try files.start()
        _ = session.wait(for: "a position") { $0.sent.contains { !$0.positions.isEmpty } ? true : nil }
        files.stop()
        files.append("log", "old\n")
        files.move("log", "log.1")
        files.write("log", "new\n")
        session = try files.start(after: session)
        #expect(session.messages(2) == ["old", "new"])
    }

    @Test func `a rotated file is read to its end before the next one, its last line too`() throws {
        files.write("log", "one\n")
        try files.serve()
        let session = try files.start()
        _ = session.messages(1)
        files.append("log", "two\n")
        files.move("log", "log.1")
        files.write("log", "four\n")
        // Its writer has it open still.
        files.append("log.1", "three, without end")
        #expect(session.messages(4) == ["one", "two", "three, without end", "four"])
        #expect(session.counter(.placesLost) == 0)
    }

    @Test func `rotations while nobody read are gone through in order`() throws {
        files.write("log", "one\n")
        try files.serve()
        var session = try files.start()
        _ = session.messages(1)
        files.stop()
        files.append("log", "two\n")
        for (older, line) in [("log.2", "three\n"), ("log.1", "four\n")] {
            files.move("log", older)
            files.write("log", line)
        }
        session = try files.start(after: session)
        #expect(session.messages(3) == ["two", "three", "four"])
        #expect(session.counter(.placesLost) == 0)
    }

    @Test func `what stands behind a lost inode is missed loudly`() throws {
        files.write("log", "one\n")
        try files.serve()
        var session = try files.start()
        _ = session.messages(1)
        files.stop()
        files.move("log", "log.gz")
        files.write("log", "two\n")
        session = try files.start(after: session)
        #expect(session.messages(1) == ["two"])
        #expect(session.counter(.placesLost) == 1)
    }

    @Test func `a truncated file is read from its start`() throws {
        files.write("log", "one\ntwo\n")
        try files.serve()
        let session = try files.start()
        _ = session.messages(2)
        files.truncate("log")
        files.append("log", "three\n")
        #expect(session.messages(3) == ["one", "two", "three"])
        #expect(session.counter(.placesLost) == 1)
    }

    @Test func `a hole that a writer leaves behind a truncation is no text`() throws {
        files.write("log", "one\ntwo\n")
        try files.serve()
        let session = try files.start()
        _ = session.messages(2)
        files.truncate("log")
        let handle = FileHandle(forWritingAtPath: files.path("log"))!
        handle.seek(toFileOffset: 100_000)
        handle.write(Data("three\n".utf8))
        handle.closeFile()
        #expect(session.messages(3) == ["one", "two", "three"])
    }

    @Test func `a deleted file is left when there is a new one`() throws {
        files.write("log", "one\n")
        try files.serve()
        let session = try files.start()
        _ = session.messages(1)
        files.append("log", "two\n")
        files.remove("log")
        _ = session.messages(2)
        files.write("log", "three\n")
        #expect(session.messages(3) == ["one", "two", "three"])
    }

    @Test func `with verify a file that was written anew is read from its start`() throws {
        files.write("log", "one\ntwo\n")
        try files.serve()
        var session = try files.start()
        _ = session.messages(2)
        files.stop()
        // The same inode with other content, longer than what was read.
        files.truncate("log")
        files.append("log", "another\nand more of it\n")
        session = try files.start([("verify", .text("true"))], after: session)
        #expect(session.messages(2) == ["another", "and more of it"])
        #expect(session.counter(.placesLost) == 1)
    }

    @Test func `with verify a rotation is gone through as without`() throws {
        files.write("log", "one\n")
        try files.serve()
        var session = try files.start([("verify", .text("true"))])
        _ = session.messages(1)
        files.stop()
        files.append("log", "two\n")
        files.move("log", "log.1")
        files.write("log", "three\n")
        session = try files.start([("verify", .text("true"))], after: session)
        #expect(session.messages(2) == ["two", "three"])
        files.append("log", "four\n")
        files.move("log", "log.2")
        files.write("log", "five\n")
        #expect(session.messages(4) == ["two", "three", "four", "five"])
        #expect(session.counter(.placesLost) == 0)
    }

    @Test func `heartbeats keep a connection, and bytes that look like them come through`() throws {
        files.write("log", "one\n")
        try files.serve(heartbeat: 200_000_000)
        let session = try files.start([("heartbeat", .text("200ms"))])
        _ = session.messages(1)
        Interval.pass(microseconds: 1_500_000)
        #expect(session.counter(.failures) == 0)
        for _ in 0..<3 {
            files.append("log", "\u{7}")
            Interval.pass(microseconds: 450_000)
        }
        files.append("log", "x\u{7}\n\u{7}\u{7}\n")
        #expect(session.messages(3) == ["one", "\u{7}\u{7}\u{7}x\u{7}", "\u{7}\u{7}"])
        #expect(session.counter(.placesLost) == 0)
        let offset = session.saved.values.first.flatMap { $0.value.flatMap { FetchPosition(text: $0) } }?.place.offset
        #expect(offset == 13)
    }

    @Test func `a reader that is held back loses nothing and reads nothing twice`() throws {
        files.write("log", "one\n")
        try files.serve(heartbeat: 300_000_000)
        let session = try files.start([("heartbeat", .text("300ms"))])
        _ = session.messages(1)
        session.hold()
        files.append("log", "two\n")
        session.awaitHeld()
        for number in 0..<8 {
            Interval.pass(microseconds: 100_000)
            files.append("log", "\(number)\n")
        }
        session.release()
        #expect(session.messages(10) == ["one", "two"] + (0..<8).map(String.init))
        files.append("log", "end\n")
        #expect(session.messages(11).last == "end")
        #expect(session.messages(11).count == 11)
    }

    @Test func `an input that is held back ends when it is stopped`() throws {
        files.write("log", "one\n")
        try files.serve()
        let session = try files.start()
        session.hold()
        files.append("log", "two\n")
        session.awaitHeld()
        files.stop()
        #expect(session.state.withLock { $0.isEnded })
    }

    @Test func `a host that goes and comes is read on`() throws {
        files.write("log", "one\nha")
        try files.serve()
        let session = try files.start()
        _ = session.messages(1)
        files.stopServing()
        files.append("log", "lf\n")
        _ = session.wait(for: "a failure") { ($0.counts[.failures] ?? 0) > 0 ? true : nil }
        try files.serve()
        #expect(session.messages(2) == ["one", "half"])
        #expect(session.counter(.placesLost) == 0)
    }

    @Test func `joined lines become an event when nothing follows, and positions lie before open ones`() throws {
        files.write("log", "plain\na.BError: c\n\tat d.e(F.java:1)\n")
        try files.serve()
        var session = try files.start([("multiline", .text("java"))])
        #expect(session.messages(2) == ["plain", "a.BError: c\n\tat d.e(F.java:1)"])
        files.stop()
        session = try files.start([("multiline", .text("java"))], after: session)
        files.append("log", "next\n")
        #expect(session.messages(1) == ["next"])
    }

    @Test func `several files of several hosts each keep their order`() throws {
        files.write("log", "log 1\n")
        files.write("app", "app 1\n")
        try files.serve(["log", "app"])
        let session = try files.start([("files", .texts(["log", "app"]))])
        for number in 2...50 {
            files.append("log", "log \(number)\n")
            files.append("app", "app \(number)\n")
        }
        let all = session.messages(100)
        for name in ["log", "app"] {
            #expect(all.filter { $0.hasPrefix(name) } == (1...50).map { "\(name) \($0)" })
        }
        #expect(session.saved.keys.sorted() == ["app", "log"].map { "tcp://127.0.0.1:\(files.port) \($0)" })
    }

    @Test func `positions of files that are not fetched any more go away`() throws {
        files.write("log", "log 1\n")
        files.write("app", "app 1\n")
        try files.serve(["log", "app"])
        var session = try files.start([("files", .texts(["log", "app"]))])
        _ = session.messages(2)
        files.stop()
        session = try files.start(after: session)
        _ = session.wait(for: "an answer") { ($0.counts[.opened] ?? 0) > 0 ? true : nil }
        #expect(session.saved.count == 1)
    }
}

/// Who may read what.
@Suite struct FetchRefusalTests {
    let files = FetchCase()

    /// The input fails with a sentence in its status file.
    private func expectFailure(_ text: String, _ options: [(key: String, value: OptionValues.Value)] = []) throws {
        let folder = files.path("status")
        let session = try files.start(options + [("status_dir", .text(folder))])
        _ = session.wait(for: "failures") { ($0.counts[.failures] ?? 0) > 1 ? true : nil }
        files.stop()
        let status = try String(contentsOfFile: folder + "/127.0.0.1_\(files.port).json", encoding: .utf8)
        #expect(status.contains("\"last_error\":\"\(text)"), "\(status)")
        #expect(session.state.withLock { $0.sent.flatMap(\.messages) } == [])
    }

    @Test func `a file that is not served is refused by name`() throws {
        files.write("log", "one\n")
        files.write("secret", "secret\n")
        try files.serve()
        try expectFailure("the host has refused: `secret` is not served here", [("files", .text("secret"))])
    }

    @Test func `a file that is not there is refused until it is`() throws {
        try files.serve()
        try expectFailure("the host has refused: `log` is not there")
        let session = try files.start()
        _ = session.wait(for: "failures") { ($0.counts[.failures] ?? 0) > 1 ? true : nil }
        files.write("log", "one\n")
        #expect(session.messages(1) == ["one"])
    }

    @Test func `a token is needed and has to be right`() throws {
        files.write("log", "one\n")
        try files.serve(token: "open sesame")
        try expectFailure("the host has refused: a token is needed")
        try expectFailure("the host has refused: wrong token", [("token", .text("open sesam"))])
        let session = try files.start([("token", .text("open sesame"))])
        #expect(session.messages(1) == ["one"])
    }

    @Test func `peers that are not allowed are closed without a word`() throws {
        files.write("log", "one\n")
        try files.serve(allow: ["192.0.2.0/24"])
        let session = try files.start()
        _ = session.wait(for: "failures") { ($0.counts[.failures] ?? 0) > 1 ? true : nil }
        #expect(session.counter(.opened) == 0)
    }

    @Test(
        arguments: [
            (["hosts": "udp://h:1"], "udp"), (["hosts": "tcp://h:99999"], "no address"), (["files": ""], "empty"),
            (["format": "csv:header=true"], "columns"), (["charset": "utf-16"], "utf-16le"), (["token": "a\nb"], "control"),
        ] as [([String: String], String)]) func `what cannot be meant is refused`(_ changes: [String: String], _ words: String)
    {
        var values: [String: String] = ["hosts": "tcp://h", "files": "/var/log/messages"]
        values.merge(changes) { $1 }
        let error = #expect(throws: ConfigError.self) {
            _ = try makeInput("fetch", values.sorted { $0.key < $1.key }.map { (key: $0.key, value: .text($0.value)) })
        }
        #expect(error?.message.contains(words) ?? false, "\(error?.message ?? "")")
    }

    @Test func `more files than connections are allowed are refused`() {
        let error = #expect(throws: ConfigError.self) {
            _ = try makeInput(
                "fetch", [("hosts", .texts((0..<33).map { "tcp://h\($0)" })), ("files", .texts((0..<32).map { "/f\($0)" }))])
        }
        #expect(error?.message.contains("1024 are allowed") ?? false)
    }

    @Test func `a host or a file that is named twice is refused`() {
        for (hosts, names) in [(["tcp://h", "tls://h:19"], ["/a"]), (["tcp://h"], ["/a", "/a"])] {
            let error = #expect(throws: ConfigError.self) {
                _ = try makeInput("fetch", [("hosts", .texts(hosts)), ("files", .texts(names))])
            }
            #expect(error?.message.contains("named twice") ?? false)
        }
    }
}
