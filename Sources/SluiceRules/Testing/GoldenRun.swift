import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceDecoding
import SluiceEncoding
import SluiceEvent
import SluiceFraming

/// Runs a golden case and compares what comes out with the files of its folder.
package struct GoldenRun {
    private let setting: RuleTestSetting
    /// Rewrites the files instead of comparing them.
    private let updates: Bool

    /// A runner; with `updates` it writes what comes out.
    package init(_ setting: RuleTestSetting, updates: Bool) {
        self.setting = setting
        self.updates = updates
    }

    /// What a case came to, and the files that it depends on besides its own.
    package func result(of golden: GoldenCase) -> (result: RuleTestResult, files: [String]) {
        let begin = RuleTestClock.nanoseconds
        var requests: [String] = golden.rules.compactMap(\.path)
        var failure: RuleTestFailure?
        if setting.isOverdue {
            failure = RuleTestFailure(place: golden.path, message: "the time for tests was over before this case began; it did not run")
        } else {
            do throws(GoldenFault) {
                failure = try run(golden, &requests)
            } catch {
                failure = RuleTestFailure(place: golden.path, message: error.message)
            }
        }
        let result = RuleTestResult(
            file: golden.path, name: golden.name, line: 0, nanoseconds: RuleTestClock.nanoseconds - begin, failure: failure)
        return (result, requests)
    }

    private func run(_ golden: GoldenCase, _ requests: inout [String]) throws(GoldenFault) -> RuleTestFailure? {
        let files = Self.list(golden.path)
        let own = try golden.setting(setting, files: files)
        requests += own.rules.compactMap(\.path)
        let outcome = GoldenOutcome(own, setting)
        do throws(RuleFailure) {
            try outcome.run(bytes: RuleFile.bytes(of: golden.path + "/" + own.inputFile) ?? [])
        } catch {
            requests += outcome.filesRead
            return RuleTestFailure(place: golden.path, message: "the rules do not load", ruleFailures: [error])
        }
        requests += outcome.filesRead
        if let fault = outcome.fault { throw GoldenFault(fault) }
        let came = outcome.files
        let expected = files.filter { $0.hasPrefix("out.") }
        if updates {
            try write(came, over: expected, in: golden.path)
            return nil
        }
        return compare(came, expected, golden, outcome)
    }

    // MARK: - Files

    private static func list(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            // SAFETY: the name is a text that ends with a zero inside of the record.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private func write(_ came: [String: [UInt8]], over expected: [String], in folder: String) throws(GoldenFault) {
        for name in expected where came[name] == nil { unlink(folder + "/" + name) }
        for (name, bytes) in came {
            let path = folder + "/" + name
            guard RuleFile.bytes(of: path) != bytes else { continue }
            guard let file = fopen(path, "wb") else {
                throw GoldenFault("cannot write `\(path)`: \(String(cString: strerror(errno)))")
            }
            let count = fwrite(bytes, 1, bytes.count, file)
            guard fclose(file) == 0, count == bytes.count else {
                throw GoldenFault("cannot write `\(path)`: \(String(cString: strerror(errno)))")
            }
        }
    }

    // MARK: - Comparing

    private func compare(
        _ came: [String: [UInt8]], _ expected: [String], _ golden: GoldenCase, _ outcome: GoldenOutcome
    ) -> RuleTestFailure? {
        var differences: [String] = []
        var names: [String] = []
        for name in Set(came.keys).union(expected).sorted() {
            let old = expected.contains(name) ? RuleFile.bytes(of: golden.path + "/" + name) ?? [] : []
            let new = came[name] ?? []
            guard old != new || !expected.contains(name) || came[name] == nil else { continue }
            names.append("`\(name)`")
            let shownOld = expected.contains(name) ? name : "/dev/null"
            let shownNew = came[name] == nil ? "/dev/null" : "what came out"
            differences.append(TextDifference(Self.lines(old), Self.lines(new)).rendered(old: shownOld, new: shownNew))
        }
        guard !names.isEmpty else { return nil }
        let message =
            expected.isEmpty
            ? "nothing is expected yet; look at what came out and keep it with `sluice test --update`"
            : "\(names.joined(separator: ", ")) \(names.count == 1 ? "differs" : "differ") from what came out; `sluice test --update` takes it over"
        return RuleTestFailure(
            place: golden.path, message: message, difference: differences.joined(separator: "\n"),
            ruleFailures: Array(outcome.failures.prefix(3)), log: [])
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        guard !bytes.isEmpty else { return [] }
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        if lines.last == "" { lines.removeLast() } else { lines[lines.count - 1] += " (no line end)" }
        return lines
    }
}

extension GoldenCase {
    /// The folder's own name.
    package var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}
