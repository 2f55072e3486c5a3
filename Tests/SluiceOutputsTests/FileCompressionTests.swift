import Foundation
import SluiceComponent
import SluiceConfig
import SluiceOutputs
import Testing

@Suite struct FileCompressionTests {
    /// A compression and the program that knows it.
    struct Kind: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let program: String
    }

    static let kinds = [Kind(testDescription: "gzip", program: "gzip"), Kind(testDescription: "zstd", program: "zstd")]

    private let folder = OutputFolder()

    private func options(_ kind: Kind) -> [(String, OptionValues.Value)] { [("compression", .text(kind.testDescription))] }

    private func text(_ kind: Kind, _ name: String = "a") -> (status: Int32, output: String) {
        let link = "look." + (kind.program == "gzip" ? "gz" : "zst")
        try? FileManager.default.removeItem(atPath: folder.path + "/" + link)
        try! FileManager.default.copyItem(atPath: folder.path + "/" + name, toPath: folder.path + "/" + link)
        let test = folder.run(kind.program, "-t", link)
        return (test.status, folder.run(kind.program, "-dc", link).output)
    }

    private func bytes(_ name: String) -> Data { FileManager.default.contents(atPath: folder.path + "/" + name)! }

    @Test(arguments: kinds) func `a closed file is whole, and appending goes on behind it`(kind: Kind) throws {
        for text in ["1\n", "2\n", "3\n"] {
            let output = try folder.file("a", options(kind), header: "h\n")
            try output.write(parcel(text))
            try output.write(parcel(text))
            try output.commit()
            try output.close()
            #expect(output.counter("files_repaired") == 0 && output.counter("files_set_aside") == 0)
        }
        #expect(text(kind) == (0, "h\n1\n1\n2\n2\n3\n3\n"))
    }

    @Test(arguments: kinds) func `what was committed can be read while the file is written`(kind: Kind) throws {
        let output = try folder.file("a", options(kind))
        try output.write(parcel("1\n"))
        try output.commit()
        try output.write(parcel("2\n"))
        try output.commit()
        #expect(text(kind).output == "1\n2\n")
    }

    @Test(arguments: kinds) func `without events the data is finished after a while`(kind: Kind) throws {
        let output = try folder.file("a", options(kind))
        try output.write(parcel("1\n"))
        try output.commit()
        #expect(text(kind).status != 0)
        #expect(try output.tend(now: folder.clock.now) == folder.clock.now + 10_000_000_000)
        folder.clock.advance(seconds: 10)
        _ = try output.tend(now: folder.clock.now)
        #expect(text(kind) == (0, "1\n"))
        try output.write(parcel("2\n"))
        try output.close()
        #expect(text(kind) == (0, "1\n2\n"))
    }

    @Test(arguments: kinds) func `a file cut anywhere behind its last commit is finished and gone on with`(kind: Kind) throws {
        let killed = try folder.file("a", options(kind))
        let long = (0..<3_000).map { "record \($0 * 7_919 % 100_003)\n" }.joined()
        try killed.write(parcel("1\n"))
        try killed.commit()
        let first = bytes("a").count
        try killed.write(parcel(long))
        try killed.commit()
        let whole = bytes("a")
        for cut in Array(first..<(first + 60)) + [whole.count - 5, whole.count - 1, whole.count] {
            try whole[..<cut].write(to: URL(filePath: folder.path + "/b"))
            let output = try folder.file("b", options(kind))
            try output.write(parcel("new\n"))
            try output.close()
            let expected = cut == whole.count ? "1\n\(long)new\n" : "1\nnew\n"
            let found = text(kind, "b")
            #expect(found.status == 0 && found.output == expected, "cut at \(cut) of \(whole.count)")
            #expect(output.counter("files_repaired") == 1)
        }
    }

    @Test(arguments: kinds) func `a file cut before its first commit is begun anew`(kind: Kind) throws {
        let killed = try folder.file("a", options(kind), header: "h\n")
        try killed.write(parcel("1\n"))
        try killed.commit()
        let whole = bytes("a")
        for cut in 1..<whole.count {
            try whole[..<cut].write(to: URL(filePath: folder.path + "/b"))
            let output = try folder.file("b", options(kind), header: "h\n")
            try output.write(parcel("new\n"))
            try output.close()
            #expect(text(kind, "b") == (0, "h\nnew\n"), "cut at \(cut) of \(whole.count)")
        }
    }

    @Test(arguments: kinds) func `a file of other programs is gone on with when it is whole`(kind: Kind) throws {
        folder.write("plain", "old\n")
        _ = folder.run(kind.program, "-q", "-f", "plain")
        let name = kind.program == "gzip" ? "plain.gz" : "plain.zst"
        let output = try folder.file(name, options(kind))
        try output.write(parcel("new\n"))
        try output.close()
        #expect(text(kind, name) == (0, "old\nnew\n"))
        #expect(output.counter("files_repaired") == 0)
    }

    @Test(arguments: kinds) func `a file that is something else is set aside whole`(kind: Kind) throws {
        folder.write("a", "plain text\n")
        let output = try folder.file("a", options(kind))
        try output.write(parcel("new\n"))
        try output.close()
        #expect(text(kind) == (0, "new\n"))
        #expect(folder.text("a.set-aside-1767998000") == "plain text\n")
        #expect(output.counter("files_set_aside") == 1)
    }
}
