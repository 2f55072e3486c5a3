import SluiceComponent

/// Time that passes in tests, for what has no event to wait for: turns of a poll that has an end, and stretches in which something must not
/// happen.
package enum Interval {
    /// Lets so many microseconds pass.
    package static func pass(microseconds: Int) { _ = StopFlag().wait(nanoseconds: Int64(microseconds) * 1_000) }
}
