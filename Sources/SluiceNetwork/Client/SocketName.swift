package import Glibc

/// What a socket is connected to.
package enum SocketName: Sendable {
    case ip(ResolvedAddress)
    case unix(path: String)

    /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
    package var family: Int32 {
        switch self {
        case .ip(let address): address.family
        case .unix: AF_UNIX
        }
    }

    /// The address of IP sockets.
    package var ip: IPAddress? {
        switch self {
        case .ip(let address): address.ip
        case .unix: nil
        }
    }

    /// Lends the system's form; nil for a path that no socket can have.
    package func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
        switch self {
        case .ip(let address): return address.withAddress(body)
        case .unix(let path):
            guard var name = sockaddr_un(path: path) else { return nil }
            return name.withAddress(body)
        }
    }
}
