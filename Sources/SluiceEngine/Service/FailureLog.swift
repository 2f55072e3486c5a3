import Logging
import SluiceComponent
import SluiceRules
import Synchronization

/// Says failures of rules in the log: each distinct one at once with its line and caret, then counted, and told again at growing
/// intervals, so that a rule that keeps failing is seen and does not flood.
final class FailureLog: Sendable {
    private struct Seen {
        var sinceTold = 0
        var next: Int64
        var interval: Int64
    }

    /// Distinct failures that are remembered; beyond that the log starts over.
    private static let distinctMax = 1_000
    private static let intervalMin: Int64 = 10_000_000_000
    private static let intervalMax: Int64 = 600_000_000_000

    private let log: Logger
    private let clock: @Sendable () -> Int64
    private let seen = Mutex<[String: Seen]>([:])

    init(log: Logger, clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now }) {
        self.log = log
        self.clock = clock
    }

    /// A call failed; `ofEvent` tells events from timers.
    func report(_ failure: RuleFailure, ofEvent: Bool) {
        let key = failure.summary
        let now = clock()
        let told: Int? = seen.withLock { seen in
            if seen.count >= Self.distinctMax, seen[key] == nil { seen.removeAll() }
            guard var known = seen[key] else {
                seen[key] = Seen(next: now + Self.intervalMin, interval: Self.intervalMin)
                return 0
            }
            known.sinceTold += 1
            defer { seen[key] = known }
            guard now >= known.next else { return nil }
            let count = known.sinceTold
            known.sinceTold = 0
            known.interval = min(known.interval * 2, Self.intervalMax)
            known.next = now + known.interval
            return count
        }
        guard let told else { return }
        let what = ofEvent ? "" : " (outside of events)"
        if told == 0 {
            log.warning("\(failure.rendered())\(what)")
        } else {
            log.warning("\(told) more times: \(failure.summary)\(what)")
        }
    }
}
