import SluiceRules

/// What a run of tests came to, and how it is shown.
struct TestReport {
    /// One file of tests, or one golden case.
    struct File {
        let path: String
        let results: [RuleTestResult]
    }

    private(set) var files: [File] = []
    let showsTimes: Bool
    let isUpdate: Bool
    var colours = TestColours(isOn: false)
    var isFailed = false
    var nanoseconds: Int64 = 0

    init(showsTimes: Bool, isUpdate: Bool) {
        self.showsTimes = showsTimes
        self.isUpdate = isUpdate
    }

    /// Tests and cases that ran.
    var count: Int { files.reduce(0) { $0 + $1.results.count } }

    /// Those that failed.
    var failed: Int { files.reduce(0) { $0 + $1.results.count { $0.failure != nil } } }

    /// Adds a file's results, and shows them at once as text.
    mutating func add(_ results: [RuleTestResult], of path: String, isText: Bool) {
        guard !results.isEmpty else { return }
        files.append(File(path: path, results: results))
        let failures = results.filter { $0.failure != nil }
        if !failures.isEmpty { isFailed = true }
        guard isText else { return }
        let isCase = results.count == 1 && results[0].name.map { path.hasSuffix("/" + $0) } ?? false
        let word = failures.isEmpty ? colours.good("ok  ") : colours.bad("FAIL")
        let count = failures.isEmpty ? "\(results.count)" : "\(failures.count) of \(results.count)"
        Terminal.out("\(word) \(path)" + (isCase ? "" : " (\(count) test\(results.count == 1 ? "" : "s"))"))
        for result in failures {
            guard let failure = result.failure else { continue }
            if !isCase { Terminal.out("  " + colours.bad(result.name.map { "\"\($0)\"" } ?? "the file does not load")) }
            for line in Terminal.escaped(failure.rendered()).split(separator: "\n", omittingEmptySubsequences: false) {
                Terminal.out("    " + colours.difference(String(line)))
            }
        }
    }

    /// `12 tests passed, 1 failed (0.03 s)`.
    func printSummary() {
        guard count > 0 else { return }
        let passed = count - failed
        var text = "\(passed) test\(passed == 1 ? "" : "s") passed" + (failed > 0 ? ", \(failed) failed" : "")
        if showsTimes { text += " (\(Self.seconds(nanoseconds)) s)" }
        Terminal.out(failed > 0 ? colours.bad(text) : colours.good(text))
    }

    /// Seconds with two digits.
    static func seconds(_ nanoseconds: Int64, digits: Int = 2) -> String {
        var unit: Int64 = 1_000_000_000
        for _ in 0..<digits { unit /= 10 }
        let steps = (nanoseconds + unit / 2) / unit
        let base = 1_000_000_000 / unit
        let rest = String(steps % base)
        return "\(steps / base)." + String(repeating: "0", count: digits - rest.count) + rest
    }
}

/// Colours of a terminal that wants them.
struct TestColours {
    let isOn: Bool

    func good(_ text: String) -> String { isOn ? "\u{1B}[32m\(text)\u{1B}[0m" : text }

    func bad(_ text: String) -> String { isOn ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

    /// A line of a diff.
    func difference(_ line: String) -> String {
        if line.hasPrefix("-") { return bad(line) }
        return line.hasPrefix("+") ? good(line) : line
    }
}
