package import SluiceConfig

/// Where to listen or to send to, as it is written in configurations: `udp://`, `tcp://`, `tls://` with host and port, `unix:` and
/// `unixgram:` with a path, `systemd:` with the name of a passed socket.
package enum NetworkAddress: Sendable, Hashable {
    /// A host and a port. `host` is a name or an address without brackets; port 0 is one that the system chooses.
    case udp(host: String, port: Int)
    case tcp(host: String, port: Int)
    case tls(host: String, port: Int)
    /// A stream socket at a path.
    case unix(path: String)
    /// A datagram socket at a path.
    case unixDatagram(path: String)
    /// A socket that the service manager has opened, by `FileDescriptorName=`; empty for all of them. What kind it is says the socket.
    case systemd(name: String)

    /// The words before the colon.
    package enum Scheme: String, Sendable, CaseIterable {
        case udp, tcp, tls, unix, unixgram, systemd

        /// A use of it for messages.
        package var example: String {
            switch self {
            case .udp, .tcp: "\(rawValue)://0.0.0.0:514"
            case .tls: "tls://0.0.0.0:6514"
            case .unix: "unix:/run/app.sock"
            case .unixgram: "unixgram:/dev/log"
            case .systemd: "systemd:syslog"
            }
        }
    }

    /// Reads an address of one of `schemes`; relative paths begin at `folder`. `key` is the option for messages, `port` what is taken
    /// when none stands there (nil: a port is needed), `tlsPort` what is taken with TLS where that differs.
    package init(
        _ text: String, schemes: [Scheme], folder: String, port standardPort: Int? = nil, tlsPort: Int? = nil, key: String
    ) throws(ConfigError) {
        guard let colon = text.firstIndex(of: ":"), let scheme = Scheme(rawValue: String(text[..<colon])), schemes.contains(scheme)
        else { throw Self.malformed(text, schemes, key) }
        var rest = text[text.index(after: colon)...]
        switch scheme {
        case .udp, .tcp, .tls:
            guard rest.hasPrefix("//") else { throw Self.malformed(text, schemes, key) }
            rest = rest.dropFirst(2)
            guard let (host, port) = Self.hostAndPort(rest), let port = port ?? (scheme == .tls ? tlsPort ?? standardPort : standardPort)
            else {
                throw Self.malformed(text, schemes, key)
            }
            switch scheme {
            case .udp: self = .udp(host: host, port: port)
            case .tcp: self = .tcp(host: host, port: port)
            default: self = .tls(host: host, port: port)
            }
        case .unix, .unixgram:
            if rest.hasPrefix("///") { rest = rest.dropFirst(2) }
            guard !rest.isEmpty, !rest.utf8.contains(0) else { throw Self.malformed(text, schemes, key) }
            let path = rest.hasPrefix("/") ? String(rest) : "\(folder)/\(rest)"
            guard path.utf8.count < Self.pathBytesMax else {
                throw ConfigError(
                    .tooLarge,
                    "the path of `\(text)` has \(path.utf8.count) bytes; a socket's has at most \(Self.pathBytesMax - 1): choose a shorter folder",
                    key: key)
            }
            self = scheme == .unix ? .unix(path: path) : .unixDatagram(path: path)
        case .systemd: self = .systemd(name: String(rest))
        }
    }

    /// `sun_path` of Linux, with its NUL.
    private static let pathBytesMax = 108

    private static func hostAndPort(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var port: Int?
        let bracket = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[bracket...].lastIndex(of: ":") {
            guard let number = Int(text[text.index(after: colon)...]), (0...65535).contains(number) else { return nil }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") || host.contains("[") || host.contains("]") {
            return nil
        }
        guard !host.isEmpty, !host.contains("/") else { return nil }
        return (String(host), port)
    }

    private static func malformed(_ text: String, _ schemes: [Scheme], _ key: String) -> ConfigError {
        let examples = schemes.map { "`\($0.example)`" }.joined(separator: ", ")
        return ConfigError(.invalidValue, "`\(text)` is no address for `\(key)`; it takes one such as \(examples)", key: key)
    }

    /// As it is written in configurations.
    package var text: String {
        func host(_ name: String) -> String { name.contains(":") ? "[\(name)]" : name }
        return switch self {
        case .udp(let name, let port): "udp://\(host(name)):\(port)"
        case .tcp(let name, let port): "tcp://\(host(name)):\(port)"
        case .tls(let name, let port): "tls://\(host(name)):\(port)"
        case .unix(let path): "unix:\(path)"
        case .unixDatagram(let path): "unixgram:\(path)"
        case .systemd(let name): "systemd:\(name)"
        }
    }
}
