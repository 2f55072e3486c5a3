/// One worker: a Lua state, an inbox.
package struct LaneStatus: Sendable, Equatable {
    /// From 0.
    package let index: Int
    /// Events that it has run through the rules.
    package var events = 0
    package var batches = 0
    package var inboxEvents = 0
    package var inboxBytes = 0
    /// Memory of the Lua state.
    package var memoryBytes = 0
    /// Times that the Lua state was made anew because the rules had filled it.
    package var rebuilds = 0
    /// Timers of rules that raised.
    package var timerFailures = 0
    /// Longest time that a reload kept the lane from its events.
    package var longestPauseNanoseconds: Int64 = 0

    /// A lane that has not done anything yet.
    package init(index: Int) { self.index = index }
}
