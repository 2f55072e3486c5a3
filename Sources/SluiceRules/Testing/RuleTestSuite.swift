import Glibc

/// A file of tests and the rule beside it.
package struct RuleTestSuite: Sendable {
    /// Path of the file as it is shown.
    package let path: String
    /// Its folder, below which it may require modules.
    package let folder: String
    package let text: [UInt8]
    /// What `run` runs; nil when there is no rule of that name.
    package let rule: RuleSource?

    /// End of the names of files of tests.
    package static let ending = "_test.lua"

    /// A suite.
    package init(path: String, text: [UInt8], rule: RuleSource?) {
        self.path = path
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        self.folder = folder.isEmpty ? "/" : folder
        self.text = text
        self.rule = rule
    }

    /// Why `run` has nothing to run.
    var reasonWithoutRule: String {
        let name = path.dropLast(Self.ending.count).split(separator: "/").last ?? ""
        return "`run` runs the rule beside the tests, and there is no `\(name).lua` beside `\(path)`"
    }

    /// The suites of rules: `route_test.lua` beside `route.lua`. Rules without tests have none.
    package static func beside(_ rules: [RuleSource]) -> [RuleTestSuite] {
        rules.compactMap { rule in
            guard let path = testPath(of: rule), let text = RuleFile.bytes(of: path) else { return nil }
            return RuleTestSuite(path: path, text: text, rule: rule)
        }
    }

    /// Where the tests of a rule lie, whether there are any or not.
    package static func testPath(of rule: RuleSource) -> String? {
        guard let path = rule.path, path.hasSuffix(".lua"), !path.hasSuffix(ending) else { return nil }
        return path.dropLast(".lua".count) + ending
    }
}

/// Reading small files.
enum RuleFile {
    /// Largest file that is read.
    static let bytesMax = 16 << 20

    /// The bytes of a file, nil when it cannot be read or is larger than ``bytesMax``.
    static func bytes(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while content.count <= bytesMax {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return ferror(file) == 0 ? content : nil }
            content += chunk[..<count]
        }
        return nil
    }
}
