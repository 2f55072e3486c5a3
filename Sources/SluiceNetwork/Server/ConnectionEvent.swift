package import SluiceComponent

/// What happens to connections. A connection that was `accepted` is `closed` once, whatever comes between.
package enum ConnectionEvent: Sendable, Equatable {
    /// Why a connection was not wanted.
    package enum Refusal: Sendable, Equatable {
        /// `allow` leaves the peer out.
        case notAllowed
        /// `connections_max` are open.
        case tooMany
        /// `connections_per_peer_max` of this peer are open.
        case tooManyOfPeer
        /// `proxy_protocol` is on, and the connection does not begin with its header; the text says what is wrong with it.
        case proxyHeader(String)
    }

    /// What a peer did not go on with.
    package enum Wait: String, Sendable, CaseIterable {
        /// Nothing came for `idle_timeout`.
        case idle
        /// A frame stayed open for `stall_timeout`.
        case frame
        case proxyHeader
        case handshake
    }

    case accepted
    case refused(Refusal)
    /// TLS did not come about; the text says why.
    case handshakeFailed(String)
    case timedOut(Wait)
    /// The connection ended with an error; the text says which.
    case broken(String)
    case closed

    /// Adds it to the counters of an input.
    package func count(_ add: (InputCounter, Int) -> Void) {
        switch self {
        case .accepted:
            add(.connections, 1)
            add(.connectionsOpen, 1)
        case .refused: add(.connectionsRefused, 1)
        case .handshakeFailed: add(.handshakeFailures, 1)
        case .timedOut: add(.connectionsTimedOut, 1)
        case .broken: add(.connectionsBroken, 1)
        case .closed: add(.connectionsOpen, -1)
        }
    }
}
