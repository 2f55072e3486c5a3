/// Bounds of the administration server. Nobody who connects can make it keep more than this, or wait longer.
package struct AdminLimits: Sendable, Equatable {
    /// All names and values of one request's header.
    package var headerBytesMax = 16 << 10
    /// Body of one request; lists of ids are the longest.
    package var bodyBytesMax = 1 << 20
    /// Connections to one socket; a further one is closed at once.
    package var connectionsMax = 64
    /// From the opening of a connection, or its last answer, to the end of the next request.
    package var requestNanosecondsMax: Int64 = 15_000_000_000
    /// Until a peer has taken an answer, or one piece of a streamed one.
    package var writeNanosecondsMax: Int64 = 30_000_000_000
    /// Requests that are answered at the same time, each on a thread of its own.
    package var handlersMax = 8
    /// Requests that wait for a thread; a further one is answered with 503.
    package var requestsWaitingMax = 64
    /// Streamed answers at the same time; a further one is answered with 503, so that they cannot take every thread.
    package var streamsMax = 4

    /// The bounds of the service.
    package init() {}
}
