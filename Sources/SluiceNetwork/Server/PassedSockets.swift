import Glibc

/// A socket that the service manager has opened and handed to this process.
package struct PassedSocket: Sendable, Equatable {
    /// A copy for the caller, close-on-exec and non-blocking; whoever took it closes it.
    package let descriptor: Int32
    /// What it is bound to; the path of an abstract Unix name begins with `@`.
    package let bound: NetworkAddress

    /// As text, such as `tcp://0.0.0.0:514` or `unixgram:/run/systemd/journal/syslog`.
    package var address: String { bound.text }

    /// Whether it is of this machine only.
    package var isUnix: Bool { bound.host == nil }
}

/// The sockets that came with the process: `LISTEN_FDS`, `LISTEN_PID`, `LISTEN_FDNAMES` (sd_listen_fds(3)).
///
/// What kind a socket is says the socket itself, not the configuration. Who takes one gets a copy: the passed one stays open as long as the
/// process, so that an input can be stopped and started again and nothing that was sent meanwhile is lost.
package enum PassedSockets {
    /// What a socket carries.
    package enum Kind: Sendable {
        /// Connections: it listens.
        case stream
        case datagram
    }

    /// The first descriptor that a manager passes.
    static let firstDescriptor: Int32 = 3

    /// Copies of the passed sockets of a kind; with a name, those that are called so (`FileDescriptorName=`). An error when there are none
    /// of that name at all, of any kind; an empty list when all of them are of the other kind.
    package static func take(name: String, kind: Kind) throws(NetworkError) -> [PassedSocket] {
        try take(name: name, kind: kind, environment: environment, first: firstDescriptor)
    }

    /// The same for passed descriptors from `first` on.
    static func take(
        name: String, kind: Kind, environment: Environment, first: Int32
    ) throws(NetworkError) -> [PassedSocket] {
        let passed = try named(name, environment: environment, first: first)
        var taken: [PassedSocket] = []
        for descriptor in passed where try Self.kind(of: descriptor, name) == kind {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, firstDescriptor)
            guard copy >= 0 else { throw .listening(on: .systemd(name: name), number: errno) }
            _ = fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK)
            taken.append(PassedSocket(descriptor: copy, bound: address(of: copy, kind)))
        }
        return taken
    }

    /// What the manager's variables say.
    struct Environment: Sendable, Equatable {
        var count: String?
        var process: String?
        var names: String?
        /// This process.
        var ownProcess: Int32 = getpid()
    }

    private static let environment = Environment(
        count: variable("LISTEN_FDS"), process: variable("LISTEN_PID"), names: variable("LISTEN_FDNAMES"))

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Descriptors of a name.
    static func named(
        _ name: String, environment: Environment, first: Int32 = firstDescriptor
    ) throws(NetworkError) -> [Int32] {
        let address = NetworkAddress.systemd(name: name).text
        guard let count = environment.count.flatMap({ Int32($0) }), count > 0,
            environment.process.flatMap({ Int32($0) }) == environment.ownProcess
        else {
            throw NetworkError(
                .missing,
                "cannot listen on \(address): the service manager has passed no socket; it needs a `.socket` unit for this service")
        }
        let all = (0..<count).map { first + $0 }
        guard !name.isEmpty else { return all }
        let names = (environment.names ?? "").split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let found = zip(all, names).filter { $0.1 == name }.map(\.0)
        guard !found.isEmpty else {
            let known = zip(all, names).filter { !$0.1.isEmpty }.map { "`\($0.1)`" }
            throw NetworkError(
                .missing,
                "cannot listen on \(address): no passed socket is called `\(name)`; "
                    + (known.isEmpty ? "they have no names (`FileDescriptorName=`)" : "there are \(known.joined(separator: ", "))"))
        }
        return found
    }

    private static func kind(of descriptor: Int32, _ name: String) throws(NetworkError) -> Kind {
        let address = NetworkAddress.systemd(name: name).text
        guard let type = option(SO_TYPE, of: descriptor) else {
            throw NetworkError(
                .notASocket, "cannot listen on \(address): passed descriptor \(descriptor) is no socket: \(NetworkError.text(of: errno))")
        }
        switch type {
        case Int32(SOCK_DGRAM.rawValue): return .datagram
        case Int32(SOCK_STREAM.rawValue) where option(SO_ACCEPTCONN, of: descriptor) == 1: return .stream
        default:
            throw NetworkError(
                .notASocket,
                "cannot listen on \(address): passed socket \(descriptor) takes neither connections nor datagrams; "
                    + "use `ListenStream=` with `Accept=no`, or `ListenDatagram=`")
        }
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static func address(of descriptor: Int32, _ kind: Kind) -> NetworkAddress {
        if let address = ResolvedAddress(of: descriptor), let ip = address.ip {
            return switch kind {
            case .stream: .tcp(host: ip.text, port: address.port)
            case .datagram: .udp(host: ip.text, port: address.port)
            }
        }
        let path = unixPath(of: descriptor)
        return kind == .stream ? .unix(path: path) : .unixDatagram(path: path)
    }

    /// The path that a Unix socket is bound to; `@` stands for the NUL of an abstract name.
    private static func unixPath(of descriptor: Int32) -> String {
        var name = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafeMutablePointer(to: &name) {
            // SAFETY: every address of a family begins with the members of `sockaddr`; the length says how long this one may be.
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        let headBytes = MemoryLayout<sa_family_t>.size
        guard status == 0, Int(length) > headBytes else { return "" }
        return withUnsafeBytes(of: name.sun_path) { bytes in
            let bytes = bytes.prefix(Int(length) - headBytes)
            if bytes.first == 0 { return "@" + String(decoding: bytes.dropFirst(), as: UTF8.self) }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
