import Foundation
import SluiceEvent
import SluiceInputs
import Testing

@Suite struct FollowTests {
    let folder = TemporaryFolder()

    func append(_ text: String, to path: String) {
        let handle = FileHandle(forWritingAtPath: path)!
        handle.seekToEndOfFile()
        handle.write(Data(text.utf8))
        handle.closeFile()
    }

    /// What comes until the reader is idle; a new stream shows as `|`.
    func drain(_ reader: inout FileReader) throws -> String {
        let batch = EventBatch()
        while true {
            switch try reader.read(into: batch) {
            case .bytes: continue
            case .restarted: _ = [0x7C as UInt8].withUnsafeBytes { batch.append($0) }
            case .idle, .ended: return String(decoding: bytes(of: batch), as: UTF8.self)
            }
        }
    }

    @Test func `what is appended comes`() throws {
        let path = folder.file("a.log", "one\n")
        var reader = try FileReader(path: path, follows: true)
        #expect(try drain(&reader) == "one\n")
        let before = reader.isReady
        append("two\n", to: path)
        let after = reader.isReady
        #expect(!before && after)
        #expect(try drain(&reader) == "two\n")
    }

    @Test func `a file that was renamed is read to its end and its successor from the start`() throws {
        let path = folder.file("a.log", "one\n")
        var reader = try FileReader(path: path, follows: true)
        #expect(try drain(&reader) == "one\n")
        append("last\n", to: path)
        rename(path, path + ".1")
        #expect(try drain(&reader) == "last\n")
        append("late\n", to: path + ".1")
        #expect(try drain(&reader) == "late\n")
        _ = folder.file("a.log", "new\n")
        #expect(try drain(&reader) == "|new\n")
        append("more\n", to: path)
        #expect(try drain(&reader) == "more\n")
    }

    @Test func `a truncated file is begun anew`() throws {
        let path = folder.file("a.log", "a long first line\n")
        var reader = try FileReader(path: path, follows: true)
        #expect(try drain(&reader) == "a long first line\n")
        truncate(path, 0)
        append("new\n", to: path)
        #expect(try drain(&reader) == "|new\n")
    }

    @Test func `a truncated file that grew past the old place is begun anew`() throws {
        let path = folder.file("a.log", "one\n")
        var reader = try FileReader(path: path, follows: true)
        #expect(try drain(&reader) == "one\n")
        truncate(path, 0)
        append("a much longer line\n", to: path)
        #expect(try drain(&reader) == "|a much longer line\n")
    }

    @Test func `a wait ends with the change that was made before it`() throws {
        let path = folder.file("a.log", "one\n")
        var reader = try FileReader(path: path, follows: true)
        #expect(try drain(&reader) == "one\n")
        let idle = reader.wait(timeoutNs: 0)
        append("two\n", to: path)
        let woken = reader.wait()
        #expect(idle == .timeout && woken == .input)
        #expect(try drain(&reader) == "two\n")
    }
}
