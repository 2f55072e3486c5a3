package import Glibc

/// A socket of IPv4 or IPv6 that is bound, for streams or for datagrams.
package struct IPSocket {
    package let descriptor: Int32
    /// The address that it is bound to.
    package let host: String
    /// With the port that the system chose.
    package let port: Int

    /// Binds all addresses of a host; one that this machine does not have is skipped when another can be bound. `count` sockets share each
    /// address. `listener` is how the address is written. All or none.
    package static func bindAll(
        _ host: String, port: Int, type: __socket_type, count: Int = 1, for listener: NetworkAddress, _ setting: ListenSetting
    ) throws(NetworkError) -> [IPSocket] {
        let found: [ResolvedAddress]
        do throws(NetworkError) {
            found = try ResolvedAddress.resolve(host: host, port: port, type: type, forListening: true)
        } catch {
            throw NetworkError(error.code, "cannot listen on \(listener.text): \(error.message)")
        }
        var bound: [IPSocket] = []
        var port = port
        var missing: NetworkError?
        for var address in found {
            do throws(NetworkError) {
                for number in 0..<count {
                    address.port = port
                    let only = setting.leavesIPv4(listener) || found.count > 1
                    let socket = try bind(address, type, isIPv6Only: only, joins: number > 0, for: listener)
                    bound.append(socket)
                    // The first one has the address to itself or fails; only then may further ones of this process share it.
                    if count > 1 { socket.set(SOL_SOCKET, SO_REUSEPORT, 1) }
                    port = socket.port
                }
            } catch {
                guard error.code == .addressNotAvailable else {
                    for socket in bound { close(socket.descriptor) }
                    throw error
                }
                missing = error
            }
        }
        if bound.isEmpty, let missing { throw missing }
        return bound
    }

    private static func bind(
        _ address: ResolvedAddress, _ type: __socket_type, isIPv6Only: Bool, joins: Bool, for listener: NetworkAddress
    ) throws(NetworkError) -> IPSocket {
        let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, flags, 0)
        guard descriptor >= 0 else {
            throw errno == EAFNOSUPPORT
                ? NetworkError(.addressNotAvailable, "cannot listen on \(listener.text): this machine has no IPv6")
                : .listening(on: listener, number: errno)
        }
        let made = IPSocket(descriptor: descriptor, host: address.ip?.text ?? "", port: address.port)
        if type == SOCK_STREAM { made.set(SOL_SOCKET, SO_REUSEADDR, 1) }
        if address.family == AF_INET6 { made.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, isIPv6Only ? 1 : 0) }
        if joins { made.set(SOL_SOCKET, SO_REUSEPORT, 1) }
        guard address.withAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
            let error = NetworkError.listening(on: listener, number: errno)
            close(descriptor)
            throw error
        }
        return IPSocket(descriptor: descriptor, host: made.host, port: ResolvedAddress(of: descriptor)?.port ?? address.port)
    }

    private func set(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
