import SluiceComponent
import Foundation
import SluiceEvent
import SluiceInputs
import Testing

@Suite struct FileReaderTests {
    let folder = TemporaryFolder()

    @Test func `a plain file comes byte for byte`() throws {
        let text = String(repeating: "one line of text\n", count: 100_000)
        var reader = try FileReader(path: folder.file("a.log", text))
        let result = readAll(&reader)
        #expect(result.bytes == Array(text.utf8))
        #expect(result.error == nil)
        let (read, total) = (reader.bytesRead, reader.bytesTotal)
        #expect(read == text.utf8.count && total == text.utf8.count)
    }

    @Test(arguments: ["", "x", "\u{1F}", "("])
    func `a short file comes byte for byte`(_ text: String) throws {
        var reader = try FileReader(path: folder.file("short", text))
        #expect(readAll(&reader).bytes == Array(text.utf8))
    }

    @Test func `gzip is known by its bytes and members follow one another`() throws {
        let long = (0..<200_000).map { "line \($0)\n" }.joined()
        let members = folder.gzip("first\n") + folder.gzip("") + folder.gzip(long) + [0, 0, 0]
        var reader = try FileReader(path: folder.file("no-suffix", members))
        let result = readAll(&reader)
        #expect(result.bytes == Array(("first\n" + long).utf8))
        #expect(result.error == nil)
        let read = reader.bytesRead
        #expect(read == members.count)
    }

    @Test func `a highly compressed file comes whole`() throws {
        let packed = folder.gzip(String(repeating: "a", count: 5_000_000))
        var reader = try FileReader(path: folder.file("a.gz", packed))
        #expect(readAll(&reader).bytes.count == 5_000_000)
    }

    @Test func `a cut off gzip file gives what came before and an error`() throws {
        let text = (0..<50_000).map { "line \($0 &* 7_919)\n" }.joined()
        let packed = folder.gzip(text)
        for length in [3, 12, packed.count / 2, packed.count - 1] {
            var reader = try FileReader(path: folder.file("cut", Array(packed[..<length])))
            let result = readAll(&reader)
            #expect(text.utf8.starts(with: result.bytes))
            #expect(result.bytes.isEmpty == (length < 20))
            #expect(result.error?.code == .cutOff)
            #expect(
                result.error?.message == "`\(folder.path)/cut` ends inside its gzip data; what came before was read")
        }
    }

    @Test func `a damaged gzip file gives what came before and an error`() throws {
        let text = (0..<100_000).map { "line \($0 &* 7_919)\n" }.joined()
        var packed = folder.gzip(text)
        for index in packed.count / 2..<packed.count / 2 + 40 { packed[index] = 0xFF }
        var reader = try FileReader(path: folder.file("damaged", packed))
        let result = readAll(&reader)
        #expect(result.bytes.count > 100_000)
        #expect(result.error?.code == .corrupt)
        #expect(result.error?.exitStatus == 74)
    }

    @Test func `bytes behind gzip data are an error`() throws {
        var reader = try FileReader(path: folder.file("mixed", folder.gzip("good\n") + Array("plain\n".utf8)))
        let result = readAll(&reader)
        #expect(result.bytes == Array("good\n".utf8))
        #expect(result.error?.code == .corrupt)
    }

    #if Zstd
        @Test func `zstd is known by its bytes`() throws {
            let text = (0..<100_000).map { "line \($0 &* 7_919)\n" }.joined()
            let packed = folder.output(of: "zstd", ["-q", "-c", folder.file("in", text)])
            var reader = try FileReader(path: folder.file("a.zst", packed + packed))
            let result = readAll(&reader)
            #expect(result.bytes == Array((text + text).utf8))
            #expect(result.error == nil)
            var cut = try FileReader(path: folder.file("cut", Array(packed.dropLast(5))))
            let rest = readAll(&cut)
            #expect(rest.bytes.count > 1_000)
            #expect(rest.error?.code == .cutOff)
        }
    #else
        @Test func `zstd is refused by name in a build without it`() throws {
            var reader = try FileReader(path: folder.file("a", [0x28, 0xB5, 0x2F, 0xFD, 1, 2, 3]))
            let result = readAll(&reader)
            #expect(result.error?.code == .notBuiltIn)
            #expect(result.error?.message.contains("--traits Zstd") == true)
        }
    #endif

    @Test func `a missing file has its own error`() {
        let error = errorOfOpening(folder.path + "/none.log")
        #expect(error?.code == .missing)
        #expect(error?.message == "cannot open `\(folder.path)/none.log`: No such file or directory")
        #expect(error?.exitStatus == 66)
    }

    @Test func `a folder has its own error`() {
        let error = errorOfOpening(folder.path)
        #expect(error?.code == .directory)
        #expect(error?.exitStatus == 66)
    }

    @Test func `a file that may not be read has its own error`() {
        // Root may read everything: then only the error's class can be shown.
        let path = folder.file("secret", "x")
        chmod(path, 0)
        let error = geteuid() == 0 ? InputError(.notPermitted, "") : errorOfOpening(path)
        #expect(error?.exitStatus == 77)
    }

    @Test func `a pipe gives what is there and says when it is idle`() throws {
        let pipe = TestPipe()
        var reader = try FileReader(descriptor: pipe.reading, name: "pipe", closes: false)
        let batch = EventBatch()
        var outcomes = [try reader.read(into: batch)]
        let before = reader.isReady
        pipe.write("abc")
        let after = reader.isReady
        outcomes.append(try reader.read(into: batch))
        outcomes.append(try reader.read(into: batch))
        let idle = reader.wait(timeoutNs: 0)
        pipe.closeWriting()
        let woken = reader.wait()
        outcomes.append(try reader.read(into: batch))
        #expect(outcomes == [.idle, .bytes(3), .idle, .ended])
        #expect(!before && after)
        #expect(idle == .timeout && woken == .input)
        #expect(bytes(of: batch) == Array("abc".utf8))
    }

    @Test func `a stop descriptor ends a wait`() throws {
        let pipe = TestPipe()
        let stop = TestPipe()
        stop.write("!")
        let reader = try FileReader(descriptor: pipe.reading, name: "pipe", closes: false)
        let waking = reader.wait(stopDescriptor: stop.reading)
        #expect(waking == .stopped)
    }
}
