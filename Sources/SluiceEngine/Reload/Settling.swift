/// Decides when changing files have settled: after so long without a further change, but not later than so long after the first.
///
/// Times are nanoseconds of the monotonic clock.
struct Settling: Equatable {
    private let quiet: Int64
    private let longest: Int64
    private var first: Int64?
    private var last: Int64 = 0

    /// `quiet` without a change; whatever happens, twenty times that.
    init(quiet: Int64) {
        self.quiet = quiet
        longest = quiet * 20
    }

    /// Something changed.
    mutating func changed(at now: Int64) {
        first = first ?? now
        last = now
    }

    /// When to look; nil while nothing has changed.
    var due: Int64? { first.map { min(last + quiet, $0 + longest) } }

    /// Whether it is time to look; then all is settled.
    mutating func isDue(at now: Int64) -> Bool {
        guard let due, now >= due else { return false }
        first = nil
        return true
    }
}
