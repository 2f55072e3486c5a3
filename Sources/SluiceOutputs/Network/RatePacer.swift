/// Spreads records over time, so that no second has more than so many; what comes too early waits.
struct RatePacer {
    /// Parts of a second that may go out at once.
    private static let burstsPerSecond = 20

    private let perSecond: Int?
    /// When the next record may go.
    private var next: Int64 = 0

    /// A pacer; nil: no limit.
    init(perSecond: Int?) { self.perSecond = perSecond }

    /// Records that may go out at once.
    var burst: Int { perSecond.map { max(1, $0 / Self.burstsPerSecond) } ?? .max }

    /// Nanoseconds to wait at `now` before `records` may go; they count as gone.
    mutating func delay(_ records: Int, now: Int64) -> Int64 {
        guard let perSecond else { return 0 }
        let begin = max(next, now)
        next = begin + Int64(records) * 1_000_000_000 / Int64(perSecond)
        return begin - now
    }
}
