/// How an attempt to load rules and configuration ended.
package enum ReloadOutcome: String, Sendable, CaseIterable {
    /// Every lane has adopted the new generation.
    case applied
    /// A dry run, and all was well.
    case wouldApply = "would_apply"
    /// What is on disk is what runs.
    case unchanged
    /// The old generation goes on.
    case refused
    /// Was applied, and taken back because too many events failed.
    case rolledBack = "rolled_back"
}

/// The answer to one reload, with everything that a person needs to know about it.
package struct ReloadVerdict: Sendable, Equatable {
    /// The steps of a reload, in order (PRODUCT §5).
    package enum Step: String, Sendable, CaseIterable {
        case configuration, compile, tests, shadow, adopt
    }

    /// One reason for a refusal.
    package struct Problem: Sendable, Equatable {
        package let step: Step
        /// Where, as `file:line:column` as far as it is known; nil when there is no place.
        package let place: String?
        /// A sentence, lower-case and without full stop.
        package let message: String
        /// Lines that show the place (source line, caret) or more of the reason, without line ends.
        package let excerpt: [String]

        /// A reason.
        package init(step: Step, place: String?, message: String, excerpt: [String] = []) {
            self.step = step
            self.place = place
            self.message = message
            self.excerpt = excerpt
        }
    }

    package var outcome: ReloadOutcome
    /// The generation that runs now.
    package var generation: Int
    /// Why it was refused; empty when it was not.
    package var problems: [Problem] = []
    /// What else is worth knowing, in sentences: what the shadow run changed, which inputs were restarted.
    package var notes: [String] = []
    /// From the request to the verdict.
    package var durationNanoseconds: Int64 = 0

    /// A verdict.
    package init(_ outcome: ReloadOutcome, generation: Int) {
        self.outcome = outcome
        self.generation = generation
    }

    /// Whether the exit status of `reload` is 0.
    package var isAccepted: Bool {
        switch outcome {
        case .applied, .wouldApply, .unchanged: true
        case .refused, .rolledBack: false
        }
    }
}
