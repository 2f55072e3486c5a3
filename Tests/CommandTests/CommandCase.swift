import Foundation
import GoldenKit
import Testing

/// One call of `sluice` as a folder: `command` holds the arguments, `stdin` what is typed or piped in, `terminal` the streams
/// that are a terminal, `expected/` what comes out. Everything else is there for the command to read.
struct CommandCase: CustomTestStringConvertible, Sendable {
    /// The case's folder, named `<topic>-<case>`.
    let folder: URL

    /// The folder of all cases.
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Cases", directoryHint: .isDirectory)

    var testDescription: String { folder.lastPathComponent }

    /// The folder of what the case promises: `status`, and unless they are empty `stdout`, `stderr` and files by their names.
    var expected: URL { folder.appending(path: "expected", directoryHint: .isDirectory) }

    /// Every case; `_template` is there to be copied.
    static func all() throws -> [CommandCase] {
        try GoldenFiles.contents(of: root).filter { $0.hasDirectoryPath && !$0.lastPathComponent.hasPrefix("_") }
            .map { CommandCase(folder: $0) }
    }

    /// The arguments of `sluice`, as a shell reads them.
    func arguments() throws -> String { try text("command") ?? "" }

    /// Runs the command and gives what came out in the form of `expected/`.
    func run() throws -> [String: Data] {
        let stdin = folder.appending(path: "stdin")
        let terminals = try (text("terminal") ?? "").split(separator: " ").compactMap { ProgramRun.Stream(rawValue: String($0)) }
        let run = try ProgramRun(
            ProgramRun.program(named: "sluice"), try arguments(), in: folder,
            stdin: FileManager.default.fileExists(atPath: stdin.path) ? stdin : nil, terminals: Set(terminals),
            environment: ["TZ": "UTC"])
        return run.files.merging(["status": Data("\(run.status)\n".utf8)]) { $1 }
    }

    private func text(_ name: String) throws -> String? {
        let file = folder.appending(path: name)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .newlines)
    }
}
