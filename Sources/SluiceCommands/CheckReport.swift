import SluiceConfig
import SluiceEngine
import SluiceLua
import SluiceRules

/// What `check` has found, as text or JSON.
struct CheckReport {
    /// One finding.
    private struct Finding {
        let isWarning: Bool
        let rule: String?
        let file: String?
        let line: Int?
        let column: Int?
        let kind: String
        let message: String
        /// As it is shown to people.
        let rendered: String
    }

    private let findings: [Finding]
    /// The configuration file, nil when rules alone were checked.
    private let file: String?
    private let ruleCount: Int
    /// Tests that ran; nil when rules alone were checked.
    private let testCount: Int?
    /// What was looked at, such as `2 rules`.
    private let subject: String
    /// Whether everything could be looked at.
    private let isComplete: Bool

    /// The findings in a configuration and its rules.
    init(_ check: ConfigurationCheck) {
        file = check.file
        ruleCount = check.ruleCount
        isComplete = !check.isMissing
        testCount = check.testCount
        let tests = check.testCount > 0 ? " with " + Self.count(check.testCount, "test") : ""
        let counts = [
            Self.count(check.inputCount, "input"), Self.count(check.ruleCount, "rule") + tests, Self.count(check.outputCount, "output"),
        ]
        subject = "\(check.file): \(counts.joined(separator: ", "))"
        let problems = check.problems.map { problem in
            Finding(
                isWarning: problem.isWarning, rule: nil, file: problem.place?.source.path ?? check.file, line: problem.place?.line,
                column: problem.place?.column, kind: problem.code.rawValue, message: problem.message, rendered: problem.rendered())
        }
        let failed = check.failedTests.map { test in
            Finding(
                isWarning: false, rule: nil, file: test.file, line: test.line, column: test.column, kind: "test", message: test.message,
                rendered: test.rendered)
        }
        findings = problems + check.ruleProblems.map(Self.finding) + failed
    }

    /// The failures of rules that were named on the command line.
    init(rules count: Int, _ failures: [RuleFailure], isComplete: Bool) {
        file = nil
        ruleCount = count
        testCount = nil
        self.isComplete = isComplete
        subject = Self.count(count, "rule")
        findings = failures.map { Self.finding(ConfigurationCheck.RuleProblem($0, file: $0.rule)) }
    }

    /// Findings on standard error, or one line on standard output that says that there are none.
    func writeText() {
        for finding in findings { Terminal.say(finding.rendered) }
        guard isComplete, findings.allSatisfy(\.isWarning) else { return }
        let warnings = findings.isEmpty ? "no problem found" : "no problem found, " + Self.count(findings.count, "warning")
        Terminal.out("\(subject) checked: \(warnings)")
    }

    /// One object on standard output.
    func writeJSON() {
        func text(_ value: String?) -> String { value.map(JSONText.literal) ?? "null" }
        func number(_ value: Int?) -> String { value.map { "\($0)" } ?? "null" }
        let problems = findings.map { finding in
            JSONText.object([
                ("severity", finding.isWarning ? "\"warning\"" : "\"error\""), ("rule", text(finding.rule)), ("file", text(finding.file)),
                ("line", number(finding.line)), ("column", number(finding.column)), ("kind", text(finding.kind)),
                ("message", text(finding.message)),
            ])
        }
        let head = file.map { [("configuration", JSONText.literal($0))] } ?? []
        let tests = testCount.map { [("tests", "\($0)")] } ?? []
        Terminal.out(JSONText.object(head + [("checked", "\(ruleCount)")] + tests + [("problems", "[\(problems.joined(separator: ","))]")]))
    }

    private static func finding(_ problem: ConfigurationCheck.RuleProblem) -> Finding {
        let failure = problem.failure
        return Finding(
            isWarning: false, rule: failure.rule, file: problem.chunk, line: failure.line > 0 ? failure.line : nil,
            column: failure.excerpt?.column, kind: failure.kind.rawValue, message: failure.message, rendered: problem.rendered())
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
