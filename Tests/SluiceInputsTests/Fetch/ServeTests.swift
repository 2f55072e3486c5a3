import Foundation
import SluiceConfig
import Testing

@testable import SluiceInputs

@Suite struct ServeRequestTests {
    private func outcome(_ text: String, token: String? = nil, files: [String] = ["log", "/var/log/messages"]) -> [ServeRequest.Outcome] {
        // Every cut gives the same.
        let bytes = Array(text.utf8)
        var all: [[ServeRequest.Outcome]] = []
        for cut in 0...bytes.count {
            var request = ServeRequest(token: token) { files.contains($0) }
            var outcomes: [ServeRequest.Outcome] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                let outcome = request.received(part)
                if outcome != .incomplete { outcomes.append(outcome) }
            }
            all.append(outcomes)
        }
        #expect(all.allSatisfy { $0.last == all[0].last })
        return all[bytes.count]
    }

    private func asked(_ file: String, _ place: FetchPlace? = nil, tellsSize: Bool = false) -> [ServeRequest.Outcome] {
        [.asked(FetchRequest(file: file, place: place), tellsSize: tellsSize)]
    }

    @Test func `a request names a file and a place`() {
        #expect(outcome("log\n") == asked("log"))
        #expect(outcome("/var/log/messages 12 34\r\n") == asked("/var/log/messages", FetchPlace(inode: 12, offset: 34)))
        #expect(outcome("log") == [])
    }

    @Test(arguments: ["/etc/shadow", "../log", "/var/log/../log/messages", "/var/log/messages/", "./log", "lo", "", "log 1"])
    func `no other name is served`(_ name: String) {
        #expect(outcome(name + "\n") == [.refused("`\(name)` is not served here", isToken: false)])
    }

    @Test func `a token is needed where there is one, and taken where there is none`() {
        #expect(outcome("TOKEN abc\nlog\n", token: "abc") == asked("log", tellsSize: true))
        #expect(outcome("log\n", token: "abc") == [.refused("a token is needed", isToken: true)])
        #expect(outcome("TOKEN abc\nlog\n") == asked("log", tellsSize: true))
        for wrong in ["abcd", "ab", "", "ABC", "abcabc"] {
            #expect(outcome("TOKEN \(wrong)\n", token: "abc") == [.refused("wrong token", isToken: true)])
        }
        // A second one is no file.
        #expect(outcome("TOKEN abc\nTOKEN abc\n", token: "abc") == [.refused("`TOKEN abc` is not served here", isToken: false)])
    }

    @Test func `a wrong name says nothing before the token was shown`() {
        #expect(outcome("/etc/shadow\n", token: "abc") == [.refused("a token is needed", isToken: true)])
    }

    @Test func `more than a request is refused`() {
        guard case .refused(let reason, false)? = outcome("log\nmore").last else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("one connection is for one file"))
    }

    @Test func `a line without end is not collected for ever`() {
        var request = ServeRequest(token: nil) { _ in true }
        var outcome = ServeRequest.Outcome.incomplete
        var count = 0
        while outcome == .incomplete, count < 10_000 {
            outcome = request.received([0x61])
            count += 1
        }
        #expect(count == FetchRequest.bytesMax)
    }

    @Test func `control characters are not shown`() {
        #expect(outcome("a\u{1B}[31m\n") == [.refused("`a?[31m` is not served here", isToken: false)])
    }
}

@Suite struct ServedFileTests {
    private func parts(_ text: String) throws -> [String] {
        let file = try ServedFile(text, folder: "/srv")
        return [file.name, file.path, file.rotatedFolder, file.rotatedPattern]
    }

    @Test func `a file has a glob for its rotated ones`() throws {
        #expect(try parts("/var/log/messages") == ["/var/log/messages", "/var/log/messages", "/var/log", "messages.*[0-9]"])
        #expect(try parts("app.log") == ["app.log", "/srv/app.log", "/srv", "app.log.*[0-9]"])
        #expect(try parts("/a/b=b-*") == ["/a/b", "/a/b", "/a", "b-*"])
        #expect(try parts("/a/b=old/b.[0-9]") == ["/a/b", "/a/b", "/a/old", "b.[0-9]"])
        #expect(try parts("/a/b=/c/*") == ["/a/b", "/a/b", "/c", "*"])
        #expect(try parts("/a/x[1]*") == ["/a/x[1]*", "/a/x[1]*", "/a", "x\\[1]\\*.*[0-9]"])
        #expect(try parts("/messages") == ["/messages", "/messages", "/", "messages.*[0-9]"])
    }

    @Test(arguments: ["", "=x", "/a/", "/a/b=", "/a/b=*/c", "/a/b=c/", "a\nb"]) func `what names no file is refused`(_ text: String) {
        #expect(throws: ConfigError.self) { try ServedFile(text, folder: "/srv") }
    }
}

@Suite struct RotatedSetTests {
    private static let wait: Int64 = 10
    private static let now: Int64 = 1_000

    private func file(_ inode: UInt64, size: Int = 100, born: Int64 = 0, modified: Int64 = 1, changed: Int64 = 1, path: String? = nil)
        -> RotatedFile
    {
        RotatedFile(
            path: path ?? "f\(inode)", inode: Inode(device: 1, number: inode), size: size, bornNs: born, modifiedNs: modified,
            changedNs: changed)
    }

    private func choice(_ set: RotatedSet, _ inode: UInt64, _ offset: Int) -> RotatedSet.Choice {
        set.choice(for: FetchPlace(inode: inode, offset: offset), now: Self.now, rotateWaitNs: Self.wait)
    }

    @Test func `files are in the order in which they were made`() {
        let set = RotatedSet(
            current: file(9),
            rotated: [file(1, born: 30, modified: 1), file(2, born: 10, modified: 9), file(3, born: 20), file(9, born: 5)])
        #expect(set.rotated.map(\.inode.number) == [2, 3, 1])
        // When one has no birth time, that of the last change counts for all.
        let older = RotatedSet(
            current: nil, rotated: [file(1, born: 30, modified: 5), file(2, born: 0, modified: 9), file(3, modified: 7)])
        #expect(older.rotated.map(\.inode.number) == [1, 3, 2])
    }

    @Test func `files of one moment are in the order of their names`() {
        func order(_ names: [String]) -> [String] {
            RotatedSet(current: nil, rotated: names.enumerated().map { file(UInt64($0.offset), born: 7, path: $0.element) }).rotated.map(
                \.path)
        }
        #expect(order(["m.1", "m.10", "m.2"]) == ["m.10", "m.2", "m.1"])
        #expect(order(["m-20260103", "m-20260101", "m-20260102"]) == ["m-20260101", "m-20260102", "m-20260103"])
    }

    @Test func `each file is followed by the next younger one, the last by the current one`() {
        let set = RotatedSet(current: file(9), rotated: [file(1, born: 1), file(2, born: 2)])
        #expect([1, 2, 9, 77].map { set.successor(of: $0)?.inode.number } == [2, 9, nil, 9])
        #expect(RotatedSet(current: nil, rotated: [file(1)]).successor(of: 1) == nil)
    }

    @Test func `who asks for nothing gets the current file`() {
        #expect(
            RotatedSet(current: file(9), rotated: [file(1)]).choice(for: nil, now: 0, rotateWaitNs: 0)
                == .serve(file(9), offset: 0, isLost: false))
        #expect(RotatedSet(current: nil, rotated: [file(1)]).choice(for: nil, now: 0, rotateWaitNs: 0) == .missing)
    }

    @Test func `a place in the set is served`() {
        let set = RotatedSet(current: file(9), rotated: [file(1, born: 1), file(2, born: 2)])
        for inode in [1, 2, 9] as [UInt64] {
            #expect(choice(set, inode, 0) == .serve(set.rotated.first { $0.inode.number == inode } ?? file(9), offset: 0, isLost: false))
            #expect(choice(set, inode, 99) == .serve(set.rotated.first { $0.inode.number == inode } ?? file(9), offset: 99, isLost: false))
        }
        #expect(choice(set, 9, 100) == .serve(file(9), offset: 100, isLost: false))
    }

    @Test func `the end of a rotated file leads to the next younger one`() {
        let set = RotatedSet(current: file(9), rotated: [file(1, born: 1), file(2, born: 2)])
        #expect(choice(set, 1, 100) == .serve(file(2, born: 2), offset: 0, isLost: false))
        #expect(choice(set, 2, 100) == .serve(file(9), offset: 0, isLost: false))
    }

    @Test func `a file that may still be written to is waited for`() {
        for late in [file(1, modified: 995, changed: 1), file(1, modified: 1, changed: 995)] {
            let set = RotatedSet(current: file(9), rotated: [late])
            #expect(choice(set, 1, 100) == .serve(late, offset: 100, isLost: false))
        }
        // A clock that was set back must not make it wait for ever.
        #expect(
            choice(RotatedSet(current: file(9), rotated: [file(1, modified: 2_000)]), 1, 100) == .serve(file(9), offset: 0, isLost: false))
    }

    @Test func `without a younger file the reader stays where it is`() {
        #expect(choice(RotatedSet(current: nil, rotated: [file(1)]), 1, 100) == .serve(file(1), offset: 100, isLost: false))
    }

    @Test func `what was truncated or is gone begins anew, and says so`() {
        let set = RotatedSet(current: file(9), rotated: [file(1)])
        #expect(choice(set, 9, 101) == .serve(file(9), offset: 0, isLost: true))
        #expect(choice(set, 1, 101) == .serve(file(9), offset: 0, isLost: true))
        #expect(choice(set, 5, 0) == .serve(file(9), offset: 0, isLost: true))
        #expect(choice(RotatedSet(current: nil, rotated: [file(1)]), 5, 0) == .missing)
    }

    @Test func `links and what is no file are not in the set`() throws {
        let folder = TemporaryFolder()
        _ = folder.file("log", "current")
        _ = folder.file("log.1", "older")
        _ = folder.file("log.x", "another")
        let secret = folder.file("secret", "secret")
        #expect(symlink(secret, folder.path + "/log.2") == 0)
        #expect(mkfifo(folder.path + "/log.3", 0o600) == 0)
        #expect(mkdir(folder.path + "/log.4", 0o700) == 0)
        let set = RotatedSet(of: try ServedFile("log", folder: folder.path))
        #expect(set.current?.size == 7)
        #expect(set.rotated.map(\.path) == [folder.path + "/log.1"])
        // The name that the operator has given may be a link.
        #expect(symlink("log", folder.path + "/link") == 0)
        #expect(RotatedSet(of: try ServedFile("link=log.*[0-9]", folder: folder.path)).current?.inode == set.current?.inode)
        // A folder or FIFO in the place of the file is no file.
        #expect(RotatedSet(of: try ServedFile("log.3", folder: folder.path)).current == nil)
        #expect(RotatedSet(of: try ServedFile("log.4", folder: folder.path)).current == nil)
    }

    @Test func `a name that means another file by now is not opened`() throws {
        let folder = TemporaryFolder()
        _ = folder.file("log", "one")
        let served = try ServedFile("log", folder: folder.path)
        let found = try #require(RotatedSet(of: served).current)
        #expect(rename(folder.path + "/log", folder.path + "/log.1") == 0)
        _ = folder.file("log", "two")
        #expect(RotatedSet.open(found, of: served) == nil)
    }
}

@Suite struct ServePaceTests {
    private static let minute: Int64 = 60_000_000_000
    private func pace() -> ServePace { ServePace(heartbeatNs: Self.minute, now: 0) }

    @Test func `what is there is sent`() { #expect(pace().step(.init(unsent: 1), now: 5) == .send) }

    @Test func `a file that was changed is not sent any more`() {
        #expect(pace().step(.init(unsent: 1, isChanged: true), now: 5) == .close(.changed))
    }

    @Test func `a rotated file is read to its end and waited for before the connection is closed`() {
        let pace = pace()
        #expect(pace.step(.init(unsent: 1, hasSuccessor: true), now: 5) == .send)
        #expect(pace.step(.init(hasSuccessor: true, unsettledNs: 70), now: 5) == .wait(until: 75))
        #expect(pace.step(.init(hasSuccessor: true), now: 5) == .close(.rotated))
    }

    @Test func `a reader that nothing is sent to gets a heartbeat each interval`() {
        var pace = pace()
        #expect(pace.step(.init(), now: 5) == .wait(until: Self.minute))
        #expect(pace.step(.init(hasSuccessor: true, unsettledNs: 5 * Self.minute), now: 5) == .wait(until: Self.minute))
        #expect(pace.step(.init(), now: Self.minute) == .heartbeat)
        pace.sentHeartbeat(now: Self.minute)
        #expect(pace.step(.init(), now: Self.minute + 1) == .wait(until: 2 * Self.minute))
        pace.sent(now: Self.minute + 2)
        #expect(pace.step(.init(), now: Self.minute + 3) == .wait(until: 2 * Self.minute + 2))
    }

    @Test func `nothing follows a heartbeat at once`() {
        var pace = pace()
        pace.sentHeartbeat(now: Self.minute)
        #expect(pace.step(.init(unsent: 9), now: Self.minute + 1) == .wait(until: Self.minute + 250_000_000))
        #expect(pace.step(.init(unsent: 9), now: Self.minute + 250_000_000) == .send)
    }

    @Test func `a byte that looks like a heartbeat is one only alone and behind a silence`() {
        let pace = pace()
        func isMistakable(_ bytes: [UInt8], _ now: Int64) -> Bool { bytes.withUnsafeBytes { pace.isMistakable($0, now: now) } }
        #expect(isMistakable([7], Self.minute / 2))
        #expect(!isMistakable([7], Self.minute / 2 - 1))
        #expect(!isMistakable([7, 7], Self.minute) && !isMistakable([8], Self.minute) && !isMistakable([], Self.minute))
    }
}
