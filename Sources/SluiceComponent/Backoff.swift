/// How long to wait after each failure in a row: twice as long each time, shortened by chance, so that many hosts do not come back at
/// the same moment.
package struct Backoff: Sendable {
    private let initial: Int64
    private let longest: Int64
    private let jitterPercent: Int
    /// Failures in a row.
    package private(set) var failures = 0

    /// A back-off from `initial` to `longest` nanoseconds, of which chance may take off `jitterPercent`.
    package init(initial: Int64, longest: Int64, jitterPercent: Int = 20) {
        self.initial = initial
        self.longest = longest
        self.jitterPercent = jitterPercent
    }

    /// Another failure; `chance` is in 0..<1. Answers the nanoseconds to wait.
    package mutating func failed(chance: Double) -> Int64 {
        failures += 1
        var wait = max(1, initial)
        var doublings = failures - 1
        while doublings > 0, wait < longest {
            wait = wait > Int64.max / 2 ? Int64.max : wait * 2
            doublings -= 1
        }
        wait = min(wait, max(1, longest))
        return max(1, wait - Int64(Double(wait) * Double(jitterPercent) / 100 * chance))
    }

    /// The row has ended.
    package mutating func succeeded() { failures = 0 }
}
