import SluiceComponent

/// Time that passes in tests where time itself is what is tested: the pace of a writer or reader, silence, a stop in the middle of a wait.
/// For everything that can be seen there is ``eventually(within:_:)``.
package enum Interval {
    /// Lets so many microseconds pass.
    package static func pass(microseconds: Int) { _ = StopFlag().wait(nanoseconds: Int64(microseconds) * 1_000) }
}
