/// What an input that fetches from other hosts knows of one of them.
package struct HostStatus: Sendable, Equatable {
    /// Whether it can be read.
    package enum State: String, Sendable, CaseIterable {
        /// Not asked yet.
        case starting
        /// It has answered for every file.
        case ok
        /// It cannot be reached, or refuses a file.
        case failing
    }

    /// Its address, as configured.
    package let name: String
    package var state: State
    /// Since when it is in this state, nanoseconds since 1970 UTC.
    package var since: Int64
    /// Bytes that it has and has not sent; nil when it is not known.
    package var bytesBehind: Int?
    /// Everything that it has was fetched.
    package var isComplete = false
    /// When that was so last, while it is not: nanoseconds since 1970 UTC; nil before the first time.
    package var completeTo: Int64?
    /// The sentence of its last error, also when it works again.
    package var lastError: String?

    /// A host of which nothing is known yet.
    package init(name: String, state: State = .starting, since: Int64) {
        self.name = name
        self.state = state
        self.since = since
    }
}
