package import SluiceNetwork

/// Who sent an event, as far as the socket tells: not what the message says of itself.
package struct EventSender: Sendable, Equatable {
    /// What the kernel says of the program at the other end of a Unix socket.
    package struct Credentials: Sendable, Equatable {
        /// Process id; 0 when it is not of this system's processes.
        package var process: Int32
        package var user: UInt32
        package var group: UInt32

        /// Credentials.
        package init(process: Int32, user: UInt32, group: UInt32) {
            self.process = process
            self.user = user
            self.group = group
        }
    }

    /// What limits of a peer count by: its address, on Unix sockets its process.
    package enum Key: Hashable, Sendable {
        case address(IPAddress)
        case process(Int32)
        case unknown
    }

    /// Nil on Unix sockets.
    package var address: IPAddress?
    /// On Unix sockets only, and not when the kernel tells nothing.
    package var credentials: Credentials?
    /// First name of the sender's TLS certificate.
    package var certificateName: String?

    /// A sender.
    package init(address: IPAddress?, credentials: Credentials? = nil, certificateName: String? = nil) {
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
