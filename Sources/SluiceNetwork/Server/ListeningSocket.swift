import CSluice
import Glibc
import Logging

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
    static func bindAll(_ setting: ListenSetting, log: Logger) throws(NetworkError) -> [ListeningSocket] {
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
                        bound.append(ListeningSocket(passed: socket, isTLS: setting.tls != nil && !socket.isUnix))
                    }
                case .udp, .unixDatagram: break
                }
            }
            if setting.tls != nil, !bound.contains(where: \.isTLS) { throw Self.nothingForTLS(setting) }
            for socket in bound { try socket.listen(setting, log) }
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

    /// `tls` is asked for, and the passed sockets are all of this machine or for datagrams.
    private static func nothingForTLS(_ setting: ListenSetting) -> NetworkError {
        NetworkError(
            .notASocket,
            "cannot listen on \(setting.addresses[0].text): there is `tls`, and no passed socket takes connections of TCP: nothing would be encrypted"
        )
    }

    private func listen(_ setting: ListenSetting, _ log: Logger) throws(NetworkError) {
        // Accepted sockets inherit both.
        if !isUnix {
            if let bytes = setting.receiveBufferBytes { try setReceiveBuffer(bytes, log) }
            setting.keepAlive.apply(to: descriptor)
        }
        guard Glibc.listen(descriptor, Self.backlogMax) == 0 else { throw .listening(on: address, number: errno) }
    }

    private func setReceiveBuffer(_ wanted: Int, _ log: Logger) throws(NetworkError) {
        let given = sl_set_receive_buffer(descriptor, Int64(wanted))
        guard given >= 0 else { throw .listening(on: address, number: Int32(-given)) }
        guard given < wanted else { return }
        log.warning(
            "connections at \(address.text) have a receive buffer of \(given) bytes instead of \(wanted): give sluice the capability CAP_NET_ADMIN, or raise the limit (`sysctl net.core.rmem_max=\(wanted)`)"
        )
    }
}

extension ListeningSocket {
    /// One that the service manager has passed; with `isTLS` its connections are to speak that.
    init(passed socket: PassedSocket, isTLS: Bool) {
        var address = socket.bound
        if isTLS, case .tcp(let host, let port) = address { address = .tls(host: host, port: port) }
        self.init(descriptor: socket.descriptor, address: address, isTLS: isTLS, isUnix: socket.isUnix, file: nil)
    }
}
