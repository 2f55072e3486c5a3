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
                case .udp(let host, let port): try bind(address, host, port, count, setting, &bound)
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

    /// Closes it and removes its file.
    func remove() {
        file?.remove()
        close(descriptor)
    }

    // MARK: - UDP

    /// Binds all addresses of a host; one that this machine does not have is skipped when another can be bound.
    private static func bind(
        _ address: NetworkAddress, _ host: String, _ port: Int, _ count: Int, _ setting: ListenSetting, _ bound: inout [DatagramSocket]
    ) throws(NetworkError) {
        let found: [ResolvedAddress]
        do throws(NetworkError) {
            found = try ResolvedAddress.resolve(host: host, port: port, type: SOCK_DGRAM, forListening: true)
        } catch {
            throw NetworkError(error.code, "cannot listen on \(address.text): \(error.message)")
        }
        var port = port
        var failure: NetworkError?
        let before = bound.count
        for var resolved in found {
            resolved.port = port
            let isIPv6Only = setting.leavesIPv4(address) || found.count > 1
            do throws(NetworkError) {
                for number in 0..<count {
                    let socket = try bind(address, resolved, isIPv6Only: isIPv6Only, joins: number > 0)
                    bound.append(socket)
                    // The first one has the address to itself or fails; only then may further ones of this process share it.
                    if count > 1 { set(socket.descriptor, SOL_SOCKET, SO_REUSEPORT) }
                    port = socket.address.port ?? port
                    resolved.port = port
                }
            } catch  where error.code == .addressNotAvailable {
                failure = error
            }
        }
        if bound.count == before, let failure { throw failure }
    }

    private static func bind(
        _ address: NetworkAddress, _ resolved: ResolvedAddress, isIPv6Only: Bool, joins: Bool
    ) throws(NetworkError) -> DatagramSocket {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(resolved.family, type, 0)
        guard descriptor >= 0 else {
            throw errno == EAFNOSUPPORT
                ? NetworkError(.addressNotAvailable, "cannot listen on \(address.text): this machine has no IPv6")
                : .listening(on: address, number: errno)
        }
        if resolved.family == AF_INET6 { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, isIPv6Only ? 1 : 0) }
        if joins { set(descriptor, SOL_SOCKET, SO_REUSEPORT) }
        guard resolved.withAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
            let error = NetworkError.listening(on: address, number: errno)
            close(descriptor)
            throw error
        }
        let port = ResolvedAddress(of: descriptor)?.port ?? resolved.port
        let bound = NetworkAddress.udp(host: resolved.ip?.text ?? "", port: port)
        return DatagramSocket(descriptor: descriptor, address: bound, name: bound.text, isUnix: false, isPassed: false, file: nil)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32 = 1) {
        var value = value
        setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
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
