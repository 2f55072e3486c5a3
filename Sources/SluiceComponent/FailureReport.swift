/// Decides which failures of an output or of a remote host are said in the log: the first one, then one at growing intervals, then the
/// recovery.
///
/// What fails and works in turns is said at most once in ten seconds.
///
/// ```
///            failed: began                  failed: goesOn when it is time
///   works ─────────────────────► failing ◄────────┐
///     ▲                             │ └───────────┘
///     └─────────────────────────────┘
///          succeeded: recovered, when the failure was said
/// ```
package struct FailureReport: Sendable {
    /// What to say.
    package enum Line: Sendable, Equatable {
        case began
        /// It has failed for so many nanoseconds.
        case goesOn(nanoseconds: Int64, attempts: Int)
        case recovered(nanoseconds: Int64, attempts: Int)
    }

    private static let firstInterval: Int64 = 10_000_000_000
    private static let longestInterval: Int64 = 600_000_000_000

    /// The first failure in a row, in the time that callers give; nil while all is well.
    package private(set) var since: Int64?
    /// Failures in this row.
    package private(set) var attempts = 0
    private var wasSaid = false
    private var interval = firstInterval
    private var nextLine = Int64.min

    /// Nothing has failed yet.
    package init() {}

    /// A call failed.
    package mutating func failed(now: Int64) -> Line? {
        attempts += 1
        guard let since else {
            since = now
            interval = Self.firstInterval
            wasSaid = now >= nextLine
            if wasSaid { nextLine = now + interval }
            return wasSaid ? .began : nil
        }
        guard now >= nextLine else { return nil }
        if wasSaid { interval = min(interval * 2, Self.longestInterval) }
        nextLine = now + interval
        wasSaid = true
        return .goesOn(nanoseconds: now - since, attempts: attempts)
    }

    /// A call worked.
    package mutating func succeeded(now: Int64) -> Line? {
        guard let began = since else { return nil }
        let line = Line.recovered(nanoseconds: now - began, attempts: attempts)
        since = nil
        attempts = 0
        nextLine = wasSaid ? now + Self.firstInterval : nextLine
        return wasSaid ? line : nil
    }
}
