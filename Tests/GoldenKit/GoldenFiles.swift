package import Foundation

/// Folders of files that a test promises, and what differs from them.
package enum GoldenFiles {
    /// Whether what came out replaces what was promised (`UPDATE_GOLDEN=1`).
    package static var areRewritten: Bool { ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" }

    /// Every file below a folder by its path; none when there is no folder.
    package static func read(_ folder: URL) throws -> [String: Data] {
        try read(folder, named: "")
    }

    /// Replaces a folder by these files.
    package static func replace(_ folder: URL, with files: [String: Data]) throws {
        try? FileManager.default.removeItem(at: folder)
        for (path, bytes) in files {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try bytes.write(to: file)
        }
    }

    /// What lies in a folder, hidden files aside, in the order of the names.
    package static func contents(of folder: URL) throws -> [URL] {
        try FileManager.default
            .contentsOfDirectory(at: folder, includingPropertiesForKeys: [.isDirectoryKey], options: .skipsHiddenFiles)
            .sorted { $0.path < $1.path }
    }

    /// One sentence for each file that differs, with the first line in which it does.
    package static func differences(_ actual: [String: Data], from expected: [String: Data]) -> [String] {
        Set(actual.keys).union(expected.keys).sorted().compactMap { path in
            guard let promised = expected[path] else {
                return "\(path): not promised\n  got      \(String(decoding: actual[path] ?? Data(), as: UTF8.self))"
            }
            guard let bytes = actual[path] else { return "\(path): promised, and not there" }
            return firstDifference(bytes, promised).map { "\(path), \($0)" }
        }
    }

    private static func firstDifference(_ actual: Data, _ expected: Data) -> String? {
        if actual == expected { return nil }
        let ours = actual.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let theirs = expected.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = zip(ours, theirs).prefix { $0 == $1 }.count
        func text(_ lines: [Data]) -> String {
            line < lines.count ? String(decoding: lines[line], as: UTF8.self) : "(no such line)"
        }
        return "line \(line + 1)\n  got      \(text(ours))\n  expected \(text(theirs))"
    }

    private static func read(_ folder: URL, named name: String) throws -> [String: Data] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [:] }
        var found: [String: Data] = [:]
        for item in try contents(of: folder) {
            let path = name.isEmpty ? item.lastPathComponent : name + "/" + item.lastPathComponent
            if item.hasDirectoryPath {
                found.merge(try read(item, named: path)) { $1 }
            } else {
                found[path] = try Data(contentsOf: item)
            }
        }
        return found
    }
}
