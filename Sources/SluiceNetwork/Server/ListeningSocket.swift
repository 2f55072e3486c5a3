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
                case .tcp(let host, let port):
                    bound += try IPSocket.bindAll(host, port: port, type: SOCK_STREAM, for: address, setting).map {
                        ListeningSocket(
                            descriptor: $0.descriptor, address: .tcp(host: $0.host, port: $0.port), isTLS: false, isUnix: false, file: nil)
                    }
                case .tls(let host, let port):
                    bound += try IPSocket.bindAll(host, port: port, type: SOCK_STREAM, for: address, setting).map {
                        ListeningSocket(
                            descriptor: $0.descriptor, address: .tls(host: $0.host, port: $0.port), isTLS: true, isUnix: false, file: nil)
                    }
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
            // Accepted sockets inherit it.
            setting.keepAlive.apply(to: descriptor)
        }
        guard Glibc.listen(descriptor, Self.backlogMax) == 0 else { throw .listening(on: address, number: errno) }
    }

    private func set(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
