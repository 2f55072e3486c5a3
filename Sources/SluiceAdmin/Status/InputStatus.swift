package import SluiceComponent

/// One configured input.
package struct InputStatus: Sendable, Equatable {
    /// What an input is doing.
    package enum State: String, Sendable, CaseIterable {
        /// Not running yet.
        case starting
        /// Reads, or waits for bytes.
        case running
        /// Could read, and is held back because lanes or outputs are busy.
        case waiting
        /// Its last run failed; it is tried again.
        case failing
        /// Has come to its end for good, such as standard input that was closed.
        case ended
    }

    /// Positions that a report shows of one input.
    package static let positionsShownMax = 32

    package let name: String
    /// The component, as configured in `type:`.
    package let kind: String
    package var state: State
    /// Since when it is in this state, nanoseconds since 1970 UTC.
    package var since: Int64
    /// Events that it has sent on.
    package var events = 0
    /// What it counts of itself; what is not in here is 0.
    package var counters: [InputCounter: Int] = [:]
    /// Confirmed positions, at most ``positionsShownMax`` of them.
    package var positions: [PositionStatus] = []
    /// Confirmed positions in all.
    package var positionCount = 0
    /// Bytes that were sent on and not confirmed yet.
    package var unconfirmedBytes = 0
    /// The sentence of its last error, also when it works again.
    package var lastError: String?
    /// The hosts that it fetches from; nil for inputs that fetch nothing.
    package var hosts: [HostStatus]?

    /// Whether the counter has a meaning for this input: those of the network only where there was a connection or datagram.
    package func reports(_ counter: InputCounter) -> Bool { !counter.declaration.isOfNetwork || counters[counter] != nil }

    /// An input.
    package init(name: String, kind: String, state: State, since: Int64) {
        self.name = name
        self.kind = kind
        self.state = state
        self.since = since
    }
}

/// Up to where one stream of an input is confirmed.
package struct PositionStatus: Sendable, Equatable {
    /// What names the stream: the path of a file, else the position's key.
    package let name: String
    /// Bytes into the stream; nil when the position is not a number of bytes.
    package var offset: Int64?
    /// Bytes that the stream has now; nil when it is not known.
    package var size: Int64?
    /// The position as the input keeps it, when it is not a number of bytes.
    package var cursor: String?

    /// A position.
    package init(name: String, offset: Int64? = nil, size: Int64? = nil, cursor: String? = nil) {
        self.name = name
        self.offset = offset
        self.size = size
        self.cursor = cursor
    }
}
