import Foundation
import Testing

/// Runs every command below `examples/` as its README tells the reader to, and compares whole files.
///
/// `UPDATE_GOLDEN=1` writes what came out in place of what was expected.
@Suite struct ExamplesTests {
    @Test(arguments: try! Example.all())
    func `an example gives the bytes that it promises`(_ example: Example) throws {
        let run = try example.run()
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try example.expect(run.files)
        }
        #expect(run.status == 0)
        let expected = try example.expectedFiles()
        #expect(run.files.keys.sorted() == expected.keys.sorted())
        for (path, bytes) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(firstDifference(run.files[path] ?? Data(), bytes) == nil, "\(path)")
        }
    }

    @Test(arguments: try! Example.all())
    func `a README shows the very command that is run`(_ example: Example) throws {
        let readme = try String(contentsOf: example.folder.appending(path: "README.md"), encoding: .utf8)
        let commands = readme.replacing(" \\\n", with: " ").split(separator: "\n").map { words(String($0)) }
        #expect(commands.contains(words("sluice " + example.arguments)))
    }

    @Test func `every folder of examples holds a command`() throws {
        let folders = try contents(of: Example.root).filter(\.hasDirectoryPath).map(\.lastPathComponent)
        #expect(folders.count >= 6)
        #expect(Set(folders) == Set(try Example.all().map(\.folder.lastPathComponent)))
    }
}

/// The words of a line, whatever blanks stand between them.
private func words(_ line: String) -> [Substring] {
    line.split(whereSeparator: \.isWhitespace)
}

/// The first line in which two texts differ, with its number and both forms; nil when they are the same bytes.
private func firstDifference(_ actual: Data, _ expected: Data) -> String? {
    if actual == expected { return nil }
    let ours = actual.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let theirs = expected.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let line = zip(ours, theirs).prefix { $0 == $1 }.count
    func text(_ lines: [Data]) -> String {
        line < lines.count ? String(decoding: lines[line], as: UTF8.self) : "(no such line)"
    }
    return "line \(line + 1)\n  got      \(text(ours))\n  expected \(text(theirs))"
}

/// What lies in a folder, hidden files aside, in the order of the names.
func contents(of folder: URL) throws -> [URL] {
    try FileManager.default
        .contentsOfDirectory(at: folder, includingPropertiesForKeys: [.isDirectoryKey], options: .skipsHiddenFiles)
        .sorted { $0.path < $1.path }
}
