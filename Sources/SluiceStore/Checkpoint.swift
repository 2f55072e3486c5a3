package import SluiceComponent

/// What moved since the last checkpoint, to be saved together: the whole of it or, after a crash, nothing.
package struct Checkpoint: Sendable, Equatable {
    /// Positions that moved; one without a value is forgotten.
    package var positions: [InputPosition] = []
    /// States that changed.
    package var states: [RuleState] = []
    /// Events that these positions leave behind without having been delivered.
    package var letters: [DeadLetter] = []

    /// A checkpoint.
    package init(positions: [InputPosition] = [], states: [RuleState] = [], letters: [DeadLetter] = []) {
        self.positions = positions
        self.states = states
        self.letters = letters
    }

    /// Whether there is nothing to save.
    package var isEmpty: Bool { positions.isEmpty && states.isEmpty && letters.isEmpty }
}

/// Where an input stands.
package struct InputPosition: Sendable, Equatable {
    /// The input's name in the configuration.
    package let input: String
    package let position: Position

    /// A position of an input.
    package init(input: String, position: Position) {
        self.input = input
        self.position = position
    }
}

/// What a rule remembers in one lane.
package struct RuleState: Sendable, Equatable {
    /// The rule's name.
    package let rule: String
    package let lane: Int
    /// What the rule calls the form of its state, for `migrate`.
    package let version: Int64?
    package let bytes: [UInt8]

    /// A state.
    package init(rule: String, lane: Int, version: Int64?, bytes: [UInt8]) {
        self.rule = rule
        self.lane = lane
        self.version = version
        self.bytes = bytes
    }
}

/// What became of a checkpoint.
package enum CheckpointOutcome: Sendable, Equatable {
    /// All of it is saved. So many dead letters, old or of this checkpoint, had to go for `dead_letters.max_size`.
    case written(lettersDropped: Int)
    /// Nothing is saved: the dead letters do not fit, and `when_full: block` says that nothing may be lost. To be tried again when
    /// letters were purged or re-driven.
    case lettersFull
}
