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

    @Test(arguments: try! Example.folders())
    func `the tests beside an example's rule pass`(_ folder: URL) throws {
        let command = try? String(contentsOf: folder.appending(path: "command"), encoding: .utf8)
        let script = command?.contains("--api fluent-bit") == true ? " --api fluent-bit --call cb_filter" : ""
        let run = try ProgramRun(
            ProgramRun.program(named: "sluice"), "test --no-times" + script, in: folder, environment: ["TZ": "Asia/Kathmandu"])
        #expect(run.status == 0, "\(String(decoding: run.files["stdout"] ?? Data(), as: UTF8.self))")
        #expect(run.files["stderr"] == nil)
    }

    /// A command is run here; a service, which takes time, is run by the second suite, which names its example.
    @Test func `every example is run by a test, and says in a README what it is`() throws {
        let folders = try Example.folders()
        #expect(folders.count >= 9)
        let commands = Set(try Example.all().map(\.folder.lastPathComponent))
        let system = Example.root.deletingLastPathComponent().appending(path: "Tests/System")
        let scripts = try GoldenFiles.contents(of: system).filter { $0.pathExtension == "py" }
            .map { try String(contentsOf: $0, encoding: .utf8) }
        for folder in folders {
            let name = folder.lastPathComponent
            let files = try GoldenFiles.contents(of: folder).map(\.lastPathComponent)
            #expect(files.contains("README.md"), "\(name)")
            let runsAsService = scripts.contains { $0.contains("copy_of(\"\(name)\"") || $0.contains("\"examples\" / \"\(name)\"") }
            if files.contains(where: { $0.hasSuffix(".yaml") }) {
                #expect(runsAsService, "Tests/System runs no service of examples/\(name): `copy_of(\"\(name)\", folder)`")
            } else {
                #expect(commands.contains(name), "examples/\(name) has neither a `command` nor a configuration that Tests/System runs")
            }
        }
    }

    @Test func `the list of examples names every one`() throws {
        let list = try String(contentsOf: Example.root.appending(path: "README.md"), encoding: .utf8)
        for folder in try Example.folders() { #expect(list.contains("(\(folder.lastPathComponent)")) }
    }
}

/// The words of a line, whatever blanks stand between them.
private func words(_ line: String) -> [Substring] {
    line.split(whereSeparator: \.isWhitespace)
}
