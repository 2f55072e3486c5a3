/// Who is at the other end of a Unix socket, as the kernel says (`SO_PEERCRED`): when the connection was made.
package struct PeerCredentials: Sendable, Equatable {
    package let process: Int32
    package let user: UInt32
    package let group: UInt32

    /// Credentials.
    package init(process: Int32, user: UInt32, group: UInt32) {
        self.process = process
        self.user = user
        self.group = group
    }
}

/// One accepted, admitted connection. Lives on the event loop of its server.
package final class ConnectionInfo {
    /// Unique in its server, counted from 1: the number of its stream.
    package let id: UInt64
    /// Nil for Unix sockets. Behind a proxy it is the address that the PROXY header names.
    package internal(set) var peer: IPAddress?
    package internal(set) var port: Int?
    /// Of peers of Unix sockets.
    package let credentials: PeerCredentials?
    /// Names in the peer's TLS certificate: those for hosts and addresses, without any the common name. Empty without one.
    package internal(set) var certificateNames: [String] = []
    /// The address that it came in at, as bound.
    package let listener: NetworkAddress

    private let clock: SweepClock
    /// When bytes came last, and when the frame that is open began: in the time of `clock`.
    private(set) var heardAt: Int64
    private(set) var frameOpenedAt: Int64?

    init(
        id: UInt64, peer: IPAddress?, port: Int?, credentials: PeerCredentials?, listener: NetworkAddress, clock: SweepClock
    ) {
        self.id = id
        self.peer = peer
        self.port = port
        self.credentials = credentials
        self.listener = listener
        self.clock = clock
        heardAt = clock.coming
    }

    /// Whether a frame has begun and is not whole: the protocol's handler says so behind each read. One that stays so for
    /// `stall_timeout` is closed, also when single bytes drip in. While it stays true, call ``frameEnded()`` whenever a frame has come
    /// whole, or the time of the one before counts on.
    package var isMidFrame: Bool {
        get { frameOpenedAt != nil }
        set {
            if !newValue {
                frameOpenedAt = nil
            } else if frameOpenedAt == nil {
                frameOpenedAt = clock.coming
            }
        }
    }

    /// Whether the peer waits for this side: for an answer, or because it is not read. Meanwhile no time counts against it.
    package var isHeldUp = false {
        didSet {
            guard oldValue, !isHeldUp else { return }
            heard()
            if isMidFrame { frameOpenedAt = clock.coming }
        }
    }

    /// A frame is whole (or a part of one that is progress enough): what is open from here on has the whole time again.
    package func frameEnded() { frameOpenedAt = nil }

    func heard() { heardAt = clock.coming }

    /// Who it is, for messages.
    package var peerText: String {
        if let peer { return port.map { peer.isIPv4 ? "\(peer.text):\($0)" : "[\(peer.text)]:\($0)" } ?? peer.text }
        if let credentials { return "process \(credentials.process) of user \(credentials.user)" }
        return "a local process"
    }
}
