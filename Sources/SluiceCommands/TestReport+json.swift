import SluiceConfig
import SluiceRules

extension TestReport {
    /// The report as one JSON object.
    func json(coverage: [RuleCoverage.File]?) -> String {
        var members = [("passed", "\(count - failed)"), ("failed", "\(failed)")]
        if showsTimes { members.append(("seconds", Self.seconds(nanoseconds, digits: 6))) }
        members.append(("tests", "[" + files.flatMap { $0.results.map(json) }.joined(separator: ",") + "]"))
        if let coverage { members.append(("coverage", CoverageReport.json(coverage))) }
        return JSONText.object(members)
    }

    private func json(_ result: RuleTestResult) -> String {
        var members = [
            ("file", JSONText.literal(result.file)), ("name", result.name.map(JSONText.literal) ?? "null"),
            ("line", result.line > 0 ? "\(result.line)" : "null"), ("passed", result.failure == nil ? "true" : "false"),
        ]
        if showsTimes { members.append(("seconds", Self.seconds(result.nanoseconds, digits: 6))) }
        if let failure = result.failure { members.append(("failure", json(failure))) }
        return JSONText.object(members)
    }

    private func json(_ failure: RuleTestFailure) -> String {
        var members = [
            ("place", JSONText.literal(failure.place)), ("line", failure.line > 0 ? "\(failure.line)" : "null"),
            ("message", JSONText.literal(failure.message)),
        ]
        if let expected = failure.expected { members.append(("expected", JSONText.literal(expected))) }
        if let got = failure.got { members.append(("got", JSONText.literal(got))) }
        if let difference = failure.difference { members.append(("difference", JSONText.literal(difference))) }
        let rules = failure.ruleFailures.map { JSONText.literal($0.summary) }
        if !rules.isEmpty { members.append(("rules", "[" + rules.joined(separator: ",") + "]")) }
        let log = failure.log.map { JSONText.literal("\($0.level.name): \($0.rule): \($0.text)") }
        if !log.isEmpty { members.append(("log", "[" + log.joined(separator: ",") + "]")) }
        return JSONText.object(members)
    }
}
