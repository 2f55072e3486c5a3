/// Where every event went since the process started, in the words of reports.
///
/// `received + emitted = delivered + dropped + deduplicated + throttled + sampled + unrouted + discarded + dead_lettered
/// + in_flight`; `redriven` and `replayed` are parts of `received`.
package struct LedgerStatus: Sendable, Equatable {
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
    /// Dead letters that were received again.
    package var redriven = 0
    /// Events re-read after a crash from behind the highest position handed to an output: an upper bound.
    package var replayed = 0

    /// Nothing yet.
    package init() {}

    /// Events that have no bucket yet.
    package var inFlight: Int {
        received + emitted
            - (delivered + dropped + deduplicated + throttled + sampled + unrouted + discarded + deadLettered)
    }

    /// The counts by their documented names, in the order of reports.
    package var entries: [NamedCount] {
        [
            NamedCount("received", received), NamedCount("emitted", emitted), NamedCount("delivered", delivered),
            NamedCount("dropped", dropped), NamedCount("deduplicated", deduplicated), NamedCount("throttled", throttled),
            NamedCount("sampled", sampled), NamedCount("unrouted", unrouted), NamedCount("discarded", discarded),
            NamedCount("dead_lettered", deadLettered), NamedCount("in_flight", inFlight), NamedCount("redriven", redriven),
            NamedCount("replayed", replayed),
        ]
    }
}
