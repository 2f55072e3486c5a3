import Foundation
import SluiceComponent
import Testing

@testable import SluiceInputs

@Suite struct FetchStatusTests {
    private static let files: [FetchFile] = [("tcp://a:19", 0, "x"), ("tcp://a:19", 0, "y"), ("tls://[2001:db8::7]:20", 1, "x")]
        .enumerated()
        .map { number, entry in
            FetchFile(host: FetchHost(name: entry.0, peer: "", index: entry.1), name: entry.2, stream: UInt64(number))
        }

    private func answered(_ book: FetchStatusBook, _ file: Int, now: Int64) {
        book.update(file, now: now) {
            $0.state = .ok
            $0.place = FetchPlace(inode: 5, offset: 10)
        }
    }

    @Test func `a host is what the worst of its files is`() {
        let book = FetchStatusBook(Self.files, now: 1)
        #expect(book.hosts().map(\.state) == [.starting, .starting])
        answered(book, 0, now: 2)
        answered(book, 2, now: 3)
        #expect(book.hosts().map(\.state) == [.starting, .ok])
        answered(book, 1, now: 4)
        #expect(book.hosts().map(\.state) == [.ok, .ok])
        #expect(book.hosts().map(\.since) == [4, 3])
        book.update(1, now: 9) {
            $0.state = .failing
            $0.lastError = "gone"
        }
        #expect(book.hosts()[0].state == .failing && book.hosts()[0].since == 9 && book.hosts()[0].lastError == "gone")
        answered(book, 1, now: 12)
        #expect(book.hosts()[0].state == .ok && book.hosts()[0].lastError == "gone")
    }

    @Test func `a host is complete when all its files are, and remembers when it was`() {
        let book = FetchStatusBook(Self.files, now: 1)
        for file in 0...1 {
            answered(book, file, now: 2)
            book.update(file, now: 3 + Int64(file)) {
                $0.isComplete = true
                $0.bytesBehind = 0
            }
        }
        #expect(book.hosts()[0].isComplete && book.hosts()[0].bytesBehind == 0)
        book.update(0, now: 8) {
            $0.isComplete = false
            $0.bytesBehind = 70
        }
        book.update(1, now: 9) { $0.isComplete = false }
        #expect(!book.hosts()[0].isComplete && book.hosts()[0].completeTo == 8 && book.hosts()[0].bytesBehind == 70)
        book.update(0, now: 10) { $0.bytesBehind = nil }
        #expect(book.hosts()[0].bytesBehind == nil)
    }

    @Test func `changes are told once, and the end last`() {
        let book = FetchStatusBook(Self.files, now: 1)
        answered(book, 2, now: 2)
        #expect(book.waitForChange(until: 0).hosts == [1])
        // Time has passed: all are told.
        #expect(book.waitForChange(until: 0).hosts == [0, 1])
        for _ in Self.files { book.ended() }
        let last = book.waitForChange(until: .max)
        #expect(last.isLast && last.hosts == [0, 1])
    }

    @Test(arguments: [
        ("tcp://10.1.2.3:19", "10.1.2.3_19.json"), ("tls://[2001:db8::7]:20", "2001_db8__7_20.json"),
        ("tcp://web1.example.net:19", "web1.example.net_19.json"),
    ]) func `a status file is named after its host`(_ host: String, _ name: String) {
        #expect(FetchStatusFiles.fileName(ofHost: host) == name)
    }

    @Test func `status files say how hosts stand`() throws {
        let folder = TemporaryFolder()
        let book = FetchStatusBook(Self.files, now: 0)
        answered(book, 2, now: 1_000_000_000)
        book.update(2, now: 2_000_000_000) {
            $0.isComplete = true
            $0.bytesBehind = 0
        }
        var files = FetchStatusFiles(folder: folder.path + "/status", log: TestSession().log)
        files.write(book, hosts: [0, 1], now: 3_000_000_000)
        let text = try String(contentsOfFile: folder.path + "/status/2001_db8__7_20.json", encoding: .utf8)
        #expect(
            text == """
                {"host":"tls://[2001:db8::7]:20","state":"ok","since":"1970-01-01T00:00:01.000Z","written":"1970-01-01T00:00:03.000Z",\
                "bytes_behind":0,"complete_to":"1970-01-01T00:00:03.000Z","last_error":null,"files":[\
                {"file":"x","state":"ok","since":"1970-01-01T00:00:01.000Z","inode":5,"offset":10,"bytes_behind":0,\
                "complete_to":"1970-01-01T00:00:03.000Z","last_error":null}]}

                """)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path + "/status").sorted() == ["2001_db8__7_20.json", "a_19.json"])
        for _ in Self.files { book.ended() }
        files.write(book, hosts: [0], now: 4_000_000_000)
        let stopped = try String(contentsOfFile: folder.path + "/status/a_19.json", encoding: .utf8)
        #expect(stopped.hasPrefix("{\"host\":\"tcp://a:19\",\"state\":\"stopped\""))
    }

    @Test func `a folder that cannot be written to stops nothing`() {
        let folder = TemporaryFolder()
        let book = FetchStatusBook(Self.files, now: 0)
        var files = FetchStatusFiles(folder: folder.file("a-file", ""), log: TestSession().log)
        files.write(book, hosts: [0, 1], now: 3)
        #expect((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["a-file"])
    }
}
