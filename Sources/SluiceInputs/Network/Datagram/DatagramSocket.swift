import CSluice
import Glibc
import Logging
import SluiceNetwork

/// A datagram socket that is bound: of UDP, at a path, or passed by the service manager.
struct DatagramSocket {
    let descriptor: Int32
    /// As bound: with the port that the system chose.
    let address: NetworkAddress
    /// What it is called in messages: of a passed socket also what it is bound to.
    let name: String
    let isUnix: Bool
    /// Whether it outlives this process, with what waits in it.
    let isPassed: Bool
    /// The file that was made for it.
    let file: UnixSocketFile?

    /// Bytes that the kernel may hold for a socket of UDP when `receive_buffer` says nothing: what comes in while a batch is handed on.
    static let bufferBytes = 8 << 20

    /// Binds every datagram address of a setting; addresses for streams are left to others. All or none. `count`: how many sockets share
    /// each address of UDP.
    static func bindAll(_ setting: ListenSetting, count: Int, log: Logger) throws(NetworkError) -> [DatagramSocket] {
        var bound: [DatagramSocket] = []
        do throws(NetworkError) {
            for address in setting.addresses {
                switch address {
                case .udp(let host, let port):
                    bound += try IPSocket.bindAll(host, port: port, type: SOCK_DGRAM, count: count, for: address, setting).map {
                        let address = NetworkAddress.udp(host: $0.host, port: $0.port)
                        return DatagramSocket(
                            descriptor: $0.descriptor, address: address, name: address.text, isUnix: false, isPassed: false, file: nil)
                    }
                case .unixDatagram(let path):
                    let (descriptor, file) = try UnixSocketFile.bind(
                        path, type: SOCK_DGRAM, ownership: setting.ownership, address: address)
                    bound.append(
                        DatagramSocket(
                            descriptor: descriptor, address: address, name: address.text, isUnix: true, isPassed: false, file: file))
                case .systemd(let name):
                    for socket in try PassedSockets.take(name: name, kind: .datagram) {
                        bound.append(
                            DatagramSocket(
                                descriptor: socket.descriptor, address: address, name: "\(address.text) (\(socket.address))",
                                isUnix: socket.isUnix, isPassed: true, file: nil))
                    }
                case .tcp, .tls, .unix: break
                }
            }
            for socket in bound { try socket.prepare(setting.receiveBufferBytes, log) }
        } catch {
            for socket in bound { socket.remove() }
            throw error
        }
        return bound
    }

    /// Bytes that the kernel may hold for it, as it was asked; 0 when it does not say.
    var receiveBufferBytes: Int {
        var bytes: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // The kernel keeps twice of what it is asked for.
        return getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, &length) == 0 ? Int(bytes) / 2 : 0
    }

    /// Closes it and removes its file.
    func remove() {
        file?.remove()
        close(descriptor)
    }

    // MARK: - What the kernel is to do

    /// Asks for what comes with datagrams, and for room. A Unix socket holds `net.unix.max_dgram_qlen` datagrams, whatever buffer it is
    /// given: then its senders wait.
    private func prepare(_ wantedBytes: Int?, _ log: Logger) throws(NetworkError) {
        let status = isUnix ? sl_ask_for_credentials(descriptor) : sl_ask_for_drops(descriptor)
        guard status == 0 else { throw .listening(on: address, number: status) }
        // Who passes a socket has chosen its buffer.
        guard !isUnix, let wanted = wantedBytes ?? (isPassed ? nil : Self.bufferBytes) else { return }
        let given = sl_set_receive_buffer(descriptor, Int64(wanted))
        guard given >= 0 else { throw .listening(on: address, number: Int32(-given)) }
        guard given < wanted else { return }
        log.warning(
            "\(name) has a receive buffer of \(given) bytes instead of \(wanted), and drops datagrams the sooner: give sluice the capability CAP_NET_ADMIN, or raise the limit (`sysctl net.core.rmem_max=\(wanted)`)"
        )
    }
}
