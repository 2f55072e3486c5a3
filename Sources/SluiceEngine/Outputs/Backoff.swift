/// How long to wait after each failure in a row: twice as long each time, shortened by chance.
package struct Backoff: Sendable {
    private let policy: OutputOptions.Retry
    /// Failures in a row.
    package private(set) var failures = 0

    /// A back-off by a policy.
    package init(_ policy: OutputOptions.Retry) { self.policy = policy }

    /// Another failure; `chance` is in 0..<1. Answers the nanoseconds to wait.
    package mutating func failed(chance: Double) -> Int64 {
        failures += 1
        var wait = max(1, policy.initial)
        var doublings = failures - 1
        while doublings > 0, wait < policy.max {
            wait = wait > Int64.max / 2 ? Int64.max : wait * 2
            doublings -= 1
        }
        wait = min(wait, max(1, policy.max))
        return max(1, wait - Int64(Double(wait) * Double(policy.jitterPercent) / 100 * chance))
    }

    /// The row has ended.
    package mutating func succeeded() { failures = 0 }
}
