import Foundation
import GoldenKit
import Testing

/// Runs every command below `examples/` as its README tells the reader to, and compares whole files.
///
/// `UPDATE_GOLDEN=1` writes what came out in place of what was expected.
@Suite struct ExamplesTests {
    @Test(arguments: try! Example.all())
    func `an example gives the bytes that it promises`(_ example: Example) throws {
        let run = try example.run()
        if GoldenFiles.areRewritten { try GoldenFiles.replace(example.expected, with: run.files) }
        #expect(run.status == 0)
        #expect(GoldenFiles.differences(run.files, from: try GoldenFiles.read(example.expected)) == [])
    }

    @Test(arguments: try! Example.all())
    func `a README shows the very command that is run`(_ example: Example) throws {
        let readme = try String(contentsOf: example.folder.appending(path: "README.md"), encoding: .utf8)
        let commands = readme.replacing(" \\\n", with: " ").split(separator: "\n").map { words(String($0)) }
        #expect(commands.contains(words("sluice " + example.arguments)))
    }

    @Test(arguments: try! GoldenFiles.contents(of: Example.root).filter(\.hasDirectoryPath))
    func `the tests beside an example's rule pass`(_ folder: URL) throws {
        let command = try String(contentsOf: folder.appending(path: "command"), encoding: .utf8)
        let script = command.contains("--api fluent-bit") ? " --api fluent-bit --call cb_filter" : ""
        let run = try ProgramRun(
            ProgramRun.program(named: "sluice"), "test --no-times" + script, in: folder, environment: ["TZ": "Asia/Kathmandu"])
        #expect(run.status == 0, "\(String(decoding: run.files["stdout"] ?? Data(), as: UTF8.self))")
        #expect(run.files["stderr"] == nil)
    }

    @Test func `every folder of examples holds a command`() throws {
        let folders = try GoldenFiles.contents(of: Example.root).filter(\.hasDirectoryPath).map(\.lastPathComponent)
        #expect(folders.count >= 6)
        #expect(Set(folders) == Set(try Example.all().map(\.folder.lastPathComponent)))
    }
}

/// The words of a line, whatever blanks stand between them.
private func words(_ line: String) -> [Substring] {
    line.split(whereSeparator: \.isWhitespace)
}
