package import Glibc

/// An address of IPv4 or IPv6 with a port, as the system takes it.
package struct ResolvedAddress: @unchecked Sendable {
    // SAFETY: plain bytes that are only copied.
    private var storage = sockaddr_storage()
    private let length: socklen_t

    /// `AF_INET` or `AF_INET6`.
    package var family: Int32 { Int32(storage.ss_family) }

    private init(_ information: addrinfo) {
        length = information.ai_addrlen
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: information.ai_addr, count: min(Int(length), $0.count)))
        }
    }

    /// The local (or with `isPeer` the other) end of a socket; nil for those that are not of IP.
    package init?(of descriptor: Int32, isPeer: Bool = false) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) {
            // SAFETY: `sockaddr_storage` is made to be seen as every other address; the length says how long this one may be.
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                isPeer ? getpeername(descriptor, $0, &length) : getsockname(descriptor, $0, &length)
            }
        }
        guard status == 0, storage.ss_family == sa_family_t(AF_INET) || storage.ss_family == sa_family_t(AF_INET6) else { return nil }
        self.storage = storage
        self.length = length
    }

    /// All addresses of a name or numeric address, the system's best first. `type` is that of the socket (`SOCK_STREAM`, `SOCK_DGRAM`).
    /// Waits for the name service.
    package static func resolve(
        host: String, port: Int, type: __socket_type, forListening: Bool = false
    ) throws(NetworkError) -> [ResolvedAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(type.rawValue)
        hints.ai_flags = forListening ? AI_PASSIVE : 0
        var first: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &first)
        guard status == 0 else {
            let reason = status == EAI_SYSTEM ? NetworkError.text(of: errno) : String(cString: gai_strerror(status))
            throw NetworkError(.unresolvable, "the name `\(host)` has no address: \(reason.prefix(1).lowercased() + reason.dropFirst())")
        }
        defer { freeaddrinfo(first) }
        var found: [ResolvedAddress] = []
        var next = first
        while let information = next {
            if [AF_INET, AF_INET6].contains(information.pointee.ai_family) { found.append(ResolvedAddress(information.pointee)) }
            next = information.pointee.ai_next
        }
        guard !found.isEmpty else { throw NetworkError(.unresolvable, "the name `\(host)` has no address") }
        return found
    }

    /// For calls of the system.
    package func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            // SAFETY: as in the initialiser.
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// The address without the port.
    package var ip: IPAddress? { withAddress { address, _ in IPAddress(address) } }

    /// The port; may be changed.
    package var port: Int {
        get {
            withUnsafeBytes(of: storage) { Int(UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: Self.portOffset, as: UInt16.self))) }
        }
        set {
            withUnsafeMutableBytes(of: &storage) {
                $0.storeBytes(of: UInt16(truncatingIfNeeded: newValue).bigEndian, toByteOffset: Self.portOffset, as: UInt16.self)
            }
        }
    }

    /// In `sockaddr_in` and `sockaddr_in6` alike.
    private static let portOffset = 2
}
