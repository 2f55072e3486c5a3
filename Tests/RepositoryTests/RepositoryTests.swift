import Foundation
import Testing

/// A rule about the repository itself: finds what breaks it in one file's text.
struct RepositoryRule: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Folders that the rule is about.
    let folders: [String]
    /// Text that must be caught: a rule that finds nothing anywhere must not pass for a rule that holds.
    let canary: String
    /// The fault in a file's text, or nil.
    let fault: @Sendable (String) -> String?

    static let all: [RepositoryRule] = [
        RepositoryRule(
            testDescription: "no Foundation in the program", folders: ["Sources"], canary: "import Foundation\n",
            fault: { text in
                text.split(separator: "\n").first { $0.hasSuffix("import Foundation") }.map { "`\($0)`" }
            }),
        RepositoryRule(
            testDescription: "a file holds one idea: at most 500 lines", folders: ["Sources"],
            canary: String(repeating: "\n", count: 501),
            fault: { text in
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
                return lines > 500 ? "\(lines) lines" : nil
            }),
        RepositoryRule(
            testDescription: "no flags are `.none`: the literal builds the set by the library's generic code, for each frame",
            folders: ["Sources"], canary: "private var flags: EventFlags " + "= []",
            fault: { text in
                text.split(separator: "\n").first { $0.contains("lags " + "= []") }.map { "`\($0)`" }
            }),
        RepositoryRule(
            testDescription: "nothing is left for later", folders: ["Sources", "Tests", "scripts"],
            canary: "// TO" + "DO: later",
            fault: { text in
                ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"].first { text.contains($0) }
            }),
        RepositoryRule(
            testDescription: "tests wait for events and never sleep", folders: ["Tests"],
            canary: "try await Task" + ".sleep(for: .seconds(1))",
            fault: { text in
                ["Task" + ".sleep(", "Thread" + ".sleep(", "usl" + "eep("].first { text.contains($0) }
            }),
    ]
}

@Suite struct RepositoryTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let endings: Set<String> = ["swift", "c", "h", "py", "lua", "sh", ""]

    private static func files(_ folder: String) -> [URL] {
        let place = root.appending(path: folder)
        let all = FileManager.default.enumerator(at: place, includingPropertiesForKeys: [.isRegularFileKey])
        return (all?.allObjects as? [URL] ?? []).filter { file in
            endings.contains(file.pathExtension) && (try? file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
                && !file.path.contains("FuzzCorpus") && !file.path.contains("/Cases/") && !file.path.contains("__pycache__")
        }
    }

    @Test(arguments: RepositoryRule.all) func `the rule holds everywhere and catches its canary`(rule: RepositoryRule) throws {
        #expect(rule.fault(rule.canary) != nil, "the canary was not caught")
        var seen = 0
        for folder in rule.folders {
            for file in Self.files(folder) {
                guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
                seen += 1
                let fault = rule.fault(text)
                #expect(fault == nil, "\(file.path.dropFirst(Self.root.path.count + 1)): \(fault ?? "")")
            }
        }
        #expect(seen > 20)
    }

    @Test func `every target is introduced in ARCHITECTURE.md`() throws {
        let architecture = try String(contentsOf: Self.root.appending(path: "ARCHITECTURE.md"), encoding: .utf8)
        for target in try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path)
        where target != "sluice" && !target.hasPrefix(".") {
            #expect(architecture.contains("`\(target)`"), "\(target)")
        }
    }
}
