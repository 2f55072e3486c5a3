@testable import SluiceRules

/// A rule and the tests beside it, run as `sluice test` runs them.
struct RuleTestFixture {
    let results: [RuleTestResult]

    /// Runs a file of tests beside a rule (none when `rule` is nil).
    init(rule: String?, tests: String, _ configure: (inout RuleTestSetting) -> Void = { _ in }) {
        var setting = RuleTestSetting()
        configure(&setting)
        let source = rule.map { RuleSource(name: "route.lua", folder: ".", text: Array($0.utf8)) }
        let suite = RuleTestSuite(path: "route_test.lua", text: Array(tests.utf8), rule: source)
        results = RuleTestRun(setting).results(of: suite)
    }

    /// What one test with this body came to beside a rule with that body of `process`: `passed`, or place and message.
    static func outcome(_ process: String, _ test: String, _ configure: (inout RuleTestSetting) -> Void = { _ in }) -> String {
        let fixture = RuleTestFixture(
            rule: "function process(event, meta)\n\(process)\nend", tests: "test(\"t\", function()\n\(test)\nend)", configure)
        return fixture.outcomes.joined(separator: "\n")
    }

    /// Each result as `passed` or place and message.
    var outcomes: [String] { results.map { $0.failure?.summary ?? "passed" } }
}
