/// What is kept because it could not be handled.
package struct DeadLetterStatus: Sendable, Equatable {
    package var count = 0
    package var bytes = 0
    /// `dead_letters.max_size`.
    package var bytesMax = 0
    /// Whether the store is full: with `when_full: block` nothing is read until there is room.
    package var isFull = false
    /// Letters that were removed because the store was full (`when_full: drop_oldest`).
    package var droppedOldest = 0
    /// When the oldest letter was written, nanoseconds since 1970 UTC.
    package var oldest: Int64?

    /// None.
    package init() {}
}
