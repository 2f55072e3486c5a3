package import Glibc

/// The address of a socket in the system's form.
package struct SocketName: Sendable, Equatable {
    /// A `sockaddr` of the family.
    let bytes: [UInt8]

    /// A copy of an address.
    init(_ address: UnsafePointer<sockaddr>, length: Int) {
        bytes = Array(UnsafeRawBufferPointer(start: address, count: length))
    }

    /// A path; nil when it is too long.
    package init?(path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        bytes = withUnsafeBytes(of: &address) { Array($0.prefix($0.count - capacity + path.utf8.count + 1)) }
    }

    /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
    package var family: Int32 {
        // SAFETY: every form begins with the family.
        bytes.withUnsafeBytes { Int32($0.loadUnaligned(as: sa_family_t.self)) }
    }

    /// The address of IP sockets.
    package var ipAddress: IPAddress? { withSocketAddress { address, _ in IPAddress(address) } }

    /// Lends the system's form.
    package func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        // SAFETY: the storage is as large as any address and aligned for all of them.
        withUnsafeTemporaryAllocation(of: sockaddr_storage.self, capacity: 1) { storage in
            storage.initialize(repeating: sockaddr_storage())
            let raw = UnsafeMutableRawBufferPointer(storage)
            raw.copyBytes(from: bytes.prefix(raw.count))
            return body(UnsafeRawPointer(raw.baseAddress!).assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
