import Synchronization

/// What one rule did, over all generations of this process.
struct RuleCounts: Sendable, Equatable {
    /// Calls that failed.
    var failures = 0
    /// Events that it dropped.
    var dropped = 0
}

/// What one input gave, and what it counted of itself.
struct InputCounts: Sendable, Equatable {
    var events = 0
    var batches = 0
    /// By the name of `InputCounter`.
    var own: [String: Int] = [:]
}

/// What one generation has processed.
struct GenerationCounts: Sendable, Equatable {
    /// Events that were received while it ran.
    var events = 0
    /// Events on which one of its rules failed.
    var failures = 0
}

/// The counters of the whole service, in one piece: the ledger balances in every copy of it.
struct ServiceCounts: Sendable {
    var ledger = Ledger()
    /// Dead letters that were put through the rules again; they are in `ledger.received` as well.
    var redriven = 0
    var rules: [String: RuleCounts] = [:]
    var inputs: [String: InputCounts] = [:]
    /// Events with each flag, by bit.
    var flagged = [Int](repeating: 0, count: 64)
    /// Timers and `shutdown` functions that failed.
    var timerFailures = 0
    /// What each generation has processed, by its number.
    var generations: [Int: GenerationCounts] = [:]

    /// Nothing yet.
    init() {}
}

/// The counters behind a lock that is held for additions only: once a batch by a lane, once a batch by the last output.
final class ServiceCounters: Sendable {
    private let counts = Mutex(ServiceCounts())

    /// Counters at zero.
    init() {}

    /// A copy in which everything fits together.
    var snapshot: ServiceCounts { counts.withLock { $0 } }

    /// Adds.
    func add(_ change: (inout ServiceCounts) -> Void) { counts.withLock { change(&$0) } }
}
