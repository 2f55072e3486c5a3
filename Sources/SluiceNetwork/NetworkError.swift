import Glibc
package import SluiceComponent

/// Why a socket cannot be had, or a connection is over.
package struct NetworkError: Error, Equatable, Sendable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        /// Somebody else has the address or the path.
        case inUse
        /// No interface of this machine has the address.
        case addressNotAvailable
        case notPermitted
        /// A folder, a file, a user or a passed socket that is not there.
        case missing
        /// What stands at the path of a socket is something else.
        case notASocket
        /// A certificate or key that cannot be used.
        case unusableFile
        /// A name that has no address.
        case unresolvable
        /// Nobody listens there.
        case refused
        case unreachable
        case timedOut
        /// TLS, or what a protocol begins with.
        case handshake
        /// The peer has closed or reset the connection.
        case closed
        /// Waiting ended because the program has to.
        case stopped
        case system
    }

    package let code: Code
    /// A sentence for the user, lower-case and without full stop.
    package let message: String

    /// An error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// As inputs throw it.
    package var inputError: InputError {
        switch code {
        case .missing: InputError(.missing, message)
        case .notPermitted: InputError(.notPermitted, message)
        default: InputError(.unreadable, message)
        }
    }

    /// Why one cannot listen on an address, by the number that the system gave.
    package static func listening(on address: NetworkAddress, number: Int32) -> NetworkError {
        let (code, reason) = reason(address, number)
        return NetworkError(code, "cannot listen on \(address.text): \(reason)")
    }

    private static func reason(_ address: NetworkAddress, _ number: Int32) -> (Code, String) {
        let path: String?
        let port: Int?
        switch address {
        case .udp(_, let number), .tcp(_, let number), .tls(_, let number): (path, port) = (nil, number)
        case .unix(let name), .unixDatagram(let name): (path, port) = (name, nil)
        case .systemd: (path, port) = (nil, nil)
        }
        switch number {
        case EADDRINUSE where port != nil:
            return (
                .inUse,
                "address already in use; another program (often rsyslog or syslog-ng) listens there: stop it, or choose another port"
            )
        case EADDRINUSE: return (.inUse, "address already in use")
        case EADDRNOTAVAIL:
            return (.addressNotAvailable, "no interface of this machine has this address; 0.0.0.0 and [::] stand for all that it has")
        case EACCES where port.map { $0 > 0 && $0 < 1024 } ?? false:
            return (
                .notPermitted,
                "permission denied; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE "
                    + "(`AmbientCapabilities=CAP_NET_BIND_SERVICE` in the service's unit)"
            )
        case EACCES, EPERM:
            guard let path else { return (.notPermitted, text(of: number)) }
            return (.notPermitted, "permission denied; the user that sluice runs as has to be able to write to `\(folder(of: path))`")
        case ENOENT:
            guard let path else { return (.missing, text(of: number)) }
            return (.missing, "the folder `\(folder(of: path))` does not exist")
        default: return (.system, text(of: number))
        }
    }

    /// The folder that a path lies in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// What the system says of an error number, with a small letter first.
    package static func text(of number: Int32) -> String {
        let text = String(cString: strerror(number))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
