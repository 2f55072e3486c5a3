import Foundation
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

    /// The program, built beside the test bundle.
    static let program = Bundle.main.executableURL!.deletingLastPathComponent().appending(path: "sluice")

    var testDescription: String { folder.lastPathComponent + variant }

    private var expected: URL { folder.appending(path: "expected" + variant, directoryHint: .isDirectory) }

    /// Every command file of every folder.
    static func all() throws -> [Example] {
        try contents(of: root).filter(\.hasDirectoryPath).flatMap { folder in
            try contents(of: folder).filter { $0.lastPathComponent.hasPrefix("command") }.map { file in
                Example(
                    folder: folder,
                    variant: String(file.lastPathComponent.dropFirst("command".count)),
                    arguments: try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .newlines))
            }
        }
    }

    /// Runs the command in a fresh copy of the folder, in a time zone and language that must not matter.
    /// Gives the exit status, and by path `stdout`, `stderr` unless it is empty, and every file below `out/`.
    func run() throws -> (status: Int32, files: [String: Data]) {
        let place = FileManager.default.temporaryDirectory.appending(path: "sluice-example-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let copy = place.appending(path: folder.lastPathComponent, directoryHint: .isDirectory)
        try FileManager.default.copyItem(at: folder, to: copy)
        let out = copy.appending(path: "out", directoryHint: .isDirectory)
        for leftover in (try? contents(of: out)) ?? [] { try FileManager.default.removeItem(at: leftover) }

        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec \"$0\" \(arguments)", Example.program.path]
        process.currentDirectoryURL = copy
        process.environment = ["TZ": "Asia/Kathmandu", "LC_ALL": "C", "PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try empty(place.appending(path: "stdout"))
        process.standardError = try empty(place.appending(path: "stderr"))
        try process.run()
        process.waitUntilExit()

        var files = try self.files(below: out, named: "out")
        files["stdout"] = try Data(contentsOf: place.appending(path: "stdout"))
        let complaints = try Data(contentsOf: place.appending(path: "stderr"))
        files["stderr"] = complaints.isEmpty ? nil : complaints
        return (process.terminationStatus, files)
    }

    /// The files that the example promises, by path.
    func expectedFiles() throws -> [String: Data] {
        try files(below: expected, named: "")
    }

    /// Replaces what the example promises.
    func expect(_ files: [String: Data]) throws {
        try? FileManager.default.removeItem(at: expected)
        for (path, bytes) in files {
            let file = expected.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try bytes.write(to: file)
        }
    }

    private func empty(_ file: URL) throws -> FileHandle {
        try Data().write(to: file)
        return try FileHandle(forWritingTo: file)
    }

    private func files(below folder: URL, named name: String) throws -> [String: Data] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [:] }
        var found: [String: Data] = [:]
        for item in try contents(of: folder) {
            let path = name.isEmpty ? item.lastPathComponent : name + "/" + item.lastPathComponent
            if item.hasDirectoryPath {
                found.merge(try files(below: item, named: path)) { $1 }
            } else {
                found[path] = try Data(contentsOf: item)
            }
        }
        return found
    }
}
