import Glibc

/// A stream socket that is bound, and with ``listen()`` listens: of TCP, Unix, or passed by the service manager.
struct ListeningSocket {
    let descriptor: Int32
    /// As bound: with the port that the system chose; of a passed socket what it is bound to.
    let address: NetworkAddress
    let isTLS: Bool
    let isUnix: Bool
    /// The file that was made for it.
    let file: UnixSocketFile?

    /// Connections that the kernel takes before the program does; it bounds this by `net.core.somaxconn`.
    static let backlogMax: Int32 = 4_096

    /// Binds every stream address of a setting; addresses for datagrams are left to others. All or none.
    static func bindAll(_ setting: ListenSetting) throws(NetworkError) -> [ListeningSocket] {
        var bound: [ListeningSocket] = []
        do throws(NetworkError) {
            for address in setting.addresses {
                switch address {
                case .tcp(let host, let port), .tls(let host, let port): try bind(address, host, port, setting, &bound)
                case .unix(let path):
                    let (descriptor, file) = try UnixSocketFile.bind(
                        path, type: SOCK_STREAM, ownership: setting.ownership, address: address)
                    bound.append(ListeningSocket(descriptor: descriptor, address: address, isTLS: false, isUnix: true, file: file))
                case .systemd(let name):
                    for socket in try PassedSockets.take(name: name, kind: .stream) {
                        bound.append(
                            ListeningSocket(
                                descriptor: socket.descriptor, address: socket.bound, isTLS: false, isUnix: socket.isUnix, file: nil))
                    }
                case .udp, .unixDatagram: break
                }
            }
            for socket in bound { try socket.listen(setting) }
        } catch {
            for socket in bound { socket.remove() }
            throw error
        }
        return bound
    }

    /// Closes it and removes its file.
    func remove() {
        file?.remove()
        close(descriptor)
    }

    private func listen(_ setting: ListenSetting) throws(NetworkError) {
        if let bytes = setting.receiveBufferBytes { set(SOL_SOCKET, SO_RCVBUF, Int32(bytes)) }
        if !isUnix {
            // Accepted sockets inherit these: a peer that is gone without a word is found within two minutes.
            set(SOL_SOCKET, SO_KEEPALIVE, 1)
            set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60)
            set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 15)
            set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
        }
        guard Glibc.listen(descriptor, Self.backlogMax) == 0 else { throw .listening(on: address, number: errno) }
    }

    private func set(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Binds all addresses of a host; one that this machine does not have is skipped when another can be bound.
    private static func bind(
        _ address: NetworkAddress, _ host: String, _ port: Int, _ setting: ListenSetting, _ bound: inout [ListeningSocket]
    ) throws(NetworkError) {
        let found: [ResolvedAddress]
        do throws(NetworkError) {
            found = try ResolvedAddress.resolve(host: host, port: port, type: SOCK_STREAM, forListening: true)
        } catch {
            throw NetworkError(error.code, "cannot listen on \(address.text): \(error.message)")
        }
        var port = port
        var failure: NetworkError?
        var count = 0
        for var resolved in found {
            resolved.port = port
            do throws(NetworkError) {
                let socket = try bind(address, resolved, isIPv6Only: setting.leavesIPv4(address) || found.count > 1)
                bound.append(socket)
                count += 1
                port = socket.address.port ?? port
            } catch  where error.code == .addressNotAvailable {
                failure = error
            }
        }
        if count == 0, let failure { throw failure }
    }

    private static func bind(
        _ address: NetworkAddress, _ resolved: ResolvedAddress, isIPv6Only: Bool
    ) throws(NetworkError) -> ListeningSocket {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(resolved.family, type, 0)
        guard descriptor >= 0 else {
            throw errno == EAFNOSUPPORT
                ? NetworkError(.addressNotAvailable, "cannot listen on \(address.text): this machine has no IPv6")
                : .listening(on: address, number: errno)
        }
        var one: Int32 = 1
        var only: Int32 = isIPv6Only ? 1 : 0
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
        if resolved.family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &only, size) }
        guard resolved.withAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
            let error = NetworkError.listening(on: address, number: errno)
            close(descriptor)
            throw error
        }
        let port = ResolvedAddress(of: descriptor)?.port ?? resolved.port
        let host = resolved.ip?.text ?? ""
        var isTLS = false
        if case .tls = address { isTLS = true }
        return ListeningSocket(
            descriptor: descriptor, address: isTLS ? .tls(host: host, port: port) : .tcp(host: host, port: port), isTLS: isTLS,
            isUnix: false, file: nil)
    }
}
