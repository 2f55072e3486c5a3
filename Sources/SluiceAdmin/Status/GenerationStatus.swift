/// The rules that run.
package struct GenerationStatus: Sendable, Equatable {
    /// Counts the loaded versions of the rule set, from 1, also across restarts.
    package var number: Int
    /// When every lane had adopted it, nanoseconds since 1970 UTC.
    package var loadedAt: Int64
    package var rules: [RuleStatus] = []
    /// Why the rules on disk are not the ones that run; nil when they are.
    package var staleReason: String?

    /// A generation without rules.
    package init(number: Int, loadedAt: Int64) {
        self.number = number
        self.loadedAt = loadedAt
    }
}

/// One rule of the running generation.
package struct RuleStatus: Sendable, Equatable {
    /// The rule's `name`, by default its file name.
    package let name: String
    /// Calls that raised, since the process started.
    package var failures = 0
    /// Events that it dropped, since the process started.
    package var dropped = 0
    /// Lines of its file; nil when they are not known.
    package var lines: Int?

    /// A rule that has not done anything yet.
    package init(name: String) { self.name = name }
}

/// How the last attempt to load rules and configuration ended.
package struct ReloadStatus: Sendable, Equatable {
    /// When it was decided, nanoseconds since 1970 UTC.
    package let time: Int64
    package let outcome: ReloadOutcome
    /// The generation that ran afterwards.
    package let generation: Int
    /// Why it was refused or taken back; nil when it was not.
    package let reason: String?

    /// The end of a reload.
    package init(time: Int64, outcome: ReloadOutcome, generation: Int, reason: String? = nil) {
        self.time = time
        self.outcome = outcome
        self.generation = generation
        self.reason = reason
    }
}
