import Foundation
import GoldenKit
import SluiceConfig
import Testing

@testable import SluiceEngine

/// One configuration as a folder: `sluice.yaml`, `expected` with what `check` says of it, `environment` with a variable
/// a line, and the files that it names.
struct ConfigurationCase: CustomTestStringConvertible, Sendable {
    let folder: URL

    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases", directoryHint: .isDirectory)

    var testDescription: String { folder.lastPathComponent }
    var expected: URL { folder.appending(path: "expected") }

    /// Every case; `_template` is there to be copied.
    static func all() throws -> [ConfigurationCase] {
        try GoldenFiles.contents(of: root).filter { $0.hasDirectoryPath && !$0.lastPathComponent.hasPrefix("_") }
            .map { ConfigurationCase(folder: $0) }
    }

    /// What is found, paths shown as if the folder were the current one.
    func check() throws -> String {
        let variables = try environment()
        let path = folder.path.hasSuffix("/") ? folder.path : folder.path + "/"
        let check = ConfigurationCheck(
            path + "sluice.yaml", catalogues: TestComponents.catalogues, variable: { variables[$0] }, now: 0)
        let lines = check.problems.map { $0.rendered() } + check.ruleProblems.map { $0.rendered() }
        let text = lines.isEmpty ? "no problem found" : lines.joined(separator: "\n")
        return text.replacing(path, with: "") + "\n"
    }

    private func environment() throws -> [String: String] {
        let file = folder.appending(path: "environment")
        guard FileManager.default.fileExists(atPath: file.path) else { return [:] }
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                return (parts[0], parts.count > 1 ? parts[1] : "")
            })
    }
}

@Suite struct ConfigurationCaseTests {
    @Test(arguments: try! ConfigurationCase.all())
    func `a configuration gets the answer that its case promises`(_ example: ConfigurationCase) throws {
        let text = try example.check()
        if GoldenFiles.areRewritten { try Data(text.utf8).write(to: example.expected) }
        #expect(text == (try? String(contentsOf: example.expected, encoding: .utf8)))
    }

    /// The second suite holds every case against it, with a validator of others (`Tests/System/service_schema.py`).
    @Test func `the schema of the cases' components is the one beside them`() throws {
        let file = ConfigurationCase.root.deletingLastPathComponent().appending(path: "Golden/schema.json")
        let schema = ConfigurationSchema.text(TestComponents.catalogues)
        if GoldenFiles.areRewritten { try Data(schema.utf8).write(to: file) }
        #expect(schema == (try? String(contentsOf: file, encoding: .utf8)))
    }

    @Test func `there are many wrong configurations, and some right ones`() throws {
        let answers = try ConfigurationCase.all().map { try String(contentsOf: $0.expected, encoding: .utf8) }
        #expect(answers.filter { $0 != "no problem found\n" }.count >= 60)
        #expect(answers.filter { $0 == "no problem found\n" }.count >= 8)
    }

    /// `hunter2` and the like stand in many cases; no answer may say them.
    @Test func `no answer shows a secret`() throws {
        for example in try ConfigurationCase.all() {
            let answer = try String(contentsOf: example.expected, encoding: .utf8)
            #expect(!answer.contains("hunter"), "\(example.testDescription)")
        }
    }
}
