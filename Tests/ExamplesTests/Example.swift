import Foundation
import GoldenKit
import Testing

/// One command of one example: `command` goes with `expected/`, `command-csv` with `expected-csv/`.
struct Example: CustomTestStringConvertible, Sendable {
    /// The example's folder.
    let folder: URL
    /// What follows `command` in the file's name: empty, or as in `-csv`.
    let variant: String
    /// The arguments of `sluice`, as a shell reads them.
    let arguments: String

    /// The folder of all examples.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "examples", directoryHint: .isDirectory)

    var testDescription: String { folder.lastPathComponent + variant }

    /// The folder of what the example promises.
    var expected: URL { folder.appending(path: "expected" + variant, directoryHint: .isDirectory) }

    /// The folder of each example.
    static func folders() throws -> [URL] { try GoldenFiles.contents(of: root).filter(\.hasDirectoryPath) }

    /// Every command file of every folder.
    static func all() throws -> [Example] {
        try folders().flatMap { folder in
            try GoldenFiles.contents(of: folder).filter { $0.lastPathComponent.hasPrefix("command") }.map { file in
                Example(
                    folder: folder,
                    variant: String(file.lastPathComponent.dropFirst("command".count)),
                    arguments: try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .newlines))
            }
        }
    }

    /// Runs the command, in a time zone that must not matter.
    func run() throws -> ProgramRun {
        try ProgramRun(ProgramRun.program(named: "sluice"), arguments, in: folder, environment: ["TZ": "Asia/Kathmandu"])
    }
}
