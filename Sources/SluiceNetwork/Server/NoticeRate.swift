/// Keeps a flood of connections from being one of log lines: so many are told in a while, the others are counted. Pure.
package struct NoticeRate {
    static let noticesMax = 10
    static let windowNs: Int64 = 10_000_000_000

    private var windowEnd = Int64.min
    private var shown = 0
    private var hidden = 0

    /// Nothing was told yet.
    package init() {}

    /// Whether one more may be told at a monotonic time, and how many were not since the last one that was.
    package mutating func take(at time: Int64) -> (isShown: Bool, hidden: Int) {
        if time >= windowEnd {
            windowEnd = time + Self.windowNs
            shown = 0
        }
        guard shown < Self.noticesMax else {
            hidden += 1
            return (false, 0)
        }
        shown += 1
        defer { hidden = 0 }
        return (true, hidden)
    }

    /// How many were not told once their time is over, or at the end.
    package mutating func takeHidden(at time: Int64) -> Int {
        guard time >= windowEnd else { return 0 }
        defer { hidden = 0 }
        return hidden
    }
}
