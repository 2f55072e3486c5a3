package import SluiceComponent

/// One configured output and the queue in front of it.
package struct OutputStatus: Sendable, Equatable {
    /// What an output is doing.
    package enum State: String, Sendable, CaseIterable {
        /// Writes, or waits for something to write.
        case running
        /// Its last write failed; it is tried again.
        case failing
        /// Has been closed.
        case ended
    }

    package let name: String
    /// The component, as configured in `type:`.
    package let kind: String
    package var state: State
    /// Since when writing fails, nanoseconds since 1970 UTC; nil while it does not.
    package var failingSince: Int64?
    /// Events that were routed to it.
    package var offered = 0
    /// Events that an earlier run had left in its disk buffer.
    package var restored = 0
    /// Events that it has written, or that its disk buffer has taken.
    package var delivered = 0
    /// Events that its full buffer refused.
    package var discarded = 0
    /// Events that it gave up on.
    package var deadLettered = 0
    /// Bytes written.
    package var bytes = 0
    /// Writes that were tried again.
    package var retries = 0
    /// Writes that failed.
    package var failures = 0
    /// What waits in memory.
    package var queue = QueueStatus()
    /// What waits on disk; nil without a disk buffer.
    package var diskBuffer: QueueStatus?
    /// What the output keeps about itself.
    package var own: [OutputCounter] = []
    /// When something was delivered last, nanoseconds since 1970 UTC.
    package var lastSuccess: Int64?
    /// The sentence of its last error, also when it works again.
    package var lastError: String?

    /// An output.
    package init(name: String, kind: String, state: State = .running) {
        self.name = name
        self.kind = kind
        self.state = state
    }
}

/// What waits in a queue.
package struct QueueStatus: Sendable, Equatable {
    package var events = 0
    package var bytes = 0
    /// The bound; nil when there is none in bytes.
    package var bytesMax: Int?
    /// When the oldest event came, nanoseconds since 1970 UTC; nil when the queue is empty or does not know.
    package var oldest: Int64?

    /// An empty queue.
    package init() {}
}
