package import SluiceRules

/// Runs the tests that lie beside the rules of a configuration: what `check` and every reload do.
package enum RuleSetTests {
    /// Time that all tests of a rule set may take, in nanoseconds.
    private static let nanosecondsMax: Int64 = 30_000_000_000

    /// What each test came to.
    package static func results(of rules: [RuleSource], in configuration: ServiceConfiguration) -> [RuleTestResult] {
        var setting = RuleTestSetting()
        setting.rules = rules
        setting.outputs = configuration.outputs.map(\.name)
        setting.defaultOutputs = configuration.defaultOutputs.map { configuration.outputs[$0].name }
        setting.inputs = configuration.inputs.map(\.name)
        setting.limits = configuration.limits
        setting.zone = configuration.zone
        setting.deadlineNanoseconds = RuleTestClock.nanoseconds + nanosecondsMax
        return RuleTestRun.results(besideRules: rules, setting)
    }
}

extension RuleTestResult {
    /// What failed and why, in a sentence; nil when it passed.
    var failureMessage: String? { failure.map { (name.map { "test “\($0)” failed: " } ?? "") + $0.message } }
}
