/// Where every event went: each is in exactly one bucket, and the sums balance at any instant between two batches.
///
/// `received + emitted = delivered + dropped + deduplicated + throttled + sampled + unrouted + discarded + dead_lettered
/// + in_flight`
package struct Ledger: Sendable, Equatable {
    /// Events decoded from frames, and frames that a strict decoder refused.
    package var received = 0
    /// Events that rules added.
    package var emitted = 0
    /// Events whose last output has answered.
    package var delivered = 0
    /// Events dropped by a rule.
    package var dropped = 0
    package var deduplicated = 0
    package var throttled = 0
    package var sampled = 0
    /// Events that no rule routed while `default_outputs` is empty.
    package var unrouted = 0
    /// Events that a full buffer refused for every output.
    package var discarded = 0
    /// Events that a rule or an output could not handle.
    package var deadLettered = 0

    /// Nothing yet.
    package init() {}

    /// Adds the buckets of events that no output gets.
    package mutating func addKept(_ other: Ledger) {
        dropped += other.dropped
        deduplicated += other.deduplicated
        throttled += other.throttled
        sampled += other.sampled
        unrouted += other.unrouted
        deadLettered += other.deadLettered
    }

    /// Events that have no bucket yet.
    package var inFlight: Int {
        received + emitted
            - (delivered + dropped + deduplicated + throttled + sampled + unrouted + discarded + deadLettered)
    }

    /// The buckets by their documented names, in the order of reports.
    package var entries: [(name: String, count: Int)] {
        [
            ("received", received), ("emitted", emitted), ("delivered", delivered), ("dropped", dropped),
            ("deduplicated", deduplicated), ("throttled", throttled), ("sampled", sampled), ("unrouted", unrouted),
            ("discarded", discarded), ("dead_lettered", deadLettered), ("in_flight", inFlight),
        ]
    }
}
