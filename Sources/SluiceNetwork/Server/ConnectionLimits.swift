/// What connections may take of a server.
package struct ConnectionLimits: Sendable, Equatable {
    package var connectionsMax = 10_000
    package var connectionsPerPeerMax = 1_000
    /// How long a connection may bring nothing, in nanoseconds; nil for ever.
    package var idleNs: Int64?
    /// How long a frame or a header that has begun may take, in nanoseconds.
    package var stallNs: Int64 = 60_000_000_000

    /// The limits of a server that nothing else was said of.
    package init() {}
}
