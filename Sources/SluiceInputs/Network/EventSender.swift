package import SluiceNetwork

/// Who sent an event, as far as the socket tells: not what the message says of itself.
package struct EventSender: Sendable, Equatable {
    /// What limits of a peer count by: its address, on Unix sockets its process.
    package enum Key: Hashable, Sendable {
        case address(IPAddress)
        case process(Int32)
        case unknown
    }

    /// Nil on Unix sockets.
    package var address: IPAddress?
    /// On Unix sockets only, and not when the kernel tells nothing.
    package var credentials: PeerCredentials?
    /// First name of the sender's TLS certificate.
    package var certificateName: String?

    /// A sender.
    package init(address: IPAddress?, credentials: PeerCredentials? = nil, certificateName: String? = nil) {
        self.address = address
        self.credentials = credentials
        self.certificateName = certificateName
    }

    /// The peer that limits count by.
    package var key: Key {
        if let address { return .address(address) }
        return credentials.map { .process($0.process) } ?? .unknown
    }
}
