package import SluiceEvent

/// What all tests of a run share.
package struct RuleTestSetting {
    /// The whole rule set, for `run_all`; empty without a configuration.
    package var rules: [RuleSource] = []
    /// Names of the outputs that exist; nil takes every name as one.
    package var outputs: [String]?
    /// Where events go that no rule routed, for `run_all`.
    package var defaultOutputs: [String] = []
    /// Names of the inputs; tests may name others.
    package var inputs: [String] = []
    /// Bounds of the rules. The tests themselves have ten times the CPU time, in which their calls of rules count.
    package var limits = RuleLimits()
    /// Zone of times that name none.
    package var zone: Zone = .utc
    /// Runs only tests whose name, or whose file's name, contains this text.
    package var filter: String?
    /// When to give up, by ``RuleTestClock``: what has not run by then fails.
    package var deadlineNanoseconds: Int64?
    /// Counts the lines that run; nil costs nothing.
    package var coverage: RuleCoverage?

    /// Tests of single rules, with any output known.
    package init() {}

    /// CPU time of one test.
    var testNanoseconds: Int64 { limits.eventNanoseconds * 10 }

    /// Whether the deadline has passed.
    var isOverdue: Bool { deadlineNanoseconds.map { RuleTestClock.nanoseconds >= $0 } ?? false }

    /// Whether a test is among those to run.
    func wants(_ name: String, in file: String) -> Bool {
        guard let filter else { return true }
        return name.contains(filter) || file.contains(filter)
    }
}
