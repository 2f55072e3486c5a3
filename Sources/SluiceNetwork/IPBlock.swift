package import Glibc

/// An IP address: four or sixteen bytes. IPv4 addresses that are written as IPv6 (`::ffff:192.0.2.1`) are IPv4.
package struct IPAddress: Sendable, Hashable {
    /// The bytes, highest first; those of IPv4 in the upper half's upper 32 bits.
    let high: UInt64
    let low: UInt64
    package let isIPv4: Bool

    /// Reads `192.0.2.1` or `2001:db8::1`; nil for anything else.
    package init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(four)
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(six)
        } else {
            return nil
        }
    }

    /// An address of IPv4.
    package init(_ address: in_addr) {
        high = UInt64(UInt32(bigEndian: address.s_addr)) << 32
        low = 0
        isIPv4 = true
    }

    /// An address of IPv6.
    package init(_ address: in6_addr) {
        let (high, low) = withUnsafeBytes(of: address) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        if high == 0, low >> 32 == 0xFFFF {
            self.high = low << 32
            self.low = 0
            isIPv4 = true
        } else {
            self.high = high
            self.low = low
            isIPv4 = false
        }
    }

    /// The address that 4 or 16 bytes are, highest first.
    package init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == 4 || bytes.count == 16, "an address has 4 or 16 bytes, not \(bytes.count)")
        if bytes.count == 4 {
            var four = in_addr()
            withUnsafeMutableBytes(of: &four) { $0.copyBytes(from: bytes) }
            self.init(four)
        } else {
            var six = in6_addr()
            withUnsafeMutableBytes(of: &six) { $0.copyBytes(from: bytes) }
            self.init(six)
        }
    }

    /// The address of a socket; nil for sockets without one (Unix).
    package init?(_ address: UnsafePointer<sockaddr>) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            self = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { IPAddress($0.pointee.sin_addr) }
        case AF_INET6:
            self = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { IPAddress($0.pointee.sin6_addr) }
        default: return nil
        }
    }

    /// As text, in the short form of IPv6 (RFC 5952).
    package var text: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            if isIPv4 {
                var four = in_addr(s_addr: UInt32(high >> 32).bigEndian)
                inet_ntop(AF_INET, &four, buffer.baseAddress!, UInt32(buffer.count))
            } else {
                var six = (high.bigEndian, low.bigEndian)
                inet_ntop(AF_INET6, &six, buffer.baseAddress!, UInt32(buffer.count))
            }
            return String(cString: buffer.baseAddress!)
        }
    }
}

/// A block of addresses: `192.0.2.0/24`, `2001:db8::/32`, or a single address (CIDR notation, RFC 4632 section 3.1 and RFC 4291 section
/// 2.3).
package struct IPBlock: Sendable, Hashable {
    private let address: IPAddress
    private let bits: Int

    /// Reads a block; nil for anything else, also for bits that are set behind the prefix.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        let most = address.isIPv4 ? 32 : 128
        guard let bits = parts.count == 1 ? most : Int(parts[1]), (0...most).contains(bits) else { return nil }
        self.address = address
        self.bits = bits
        let (high, low) = Self.masks(bits)
        guard address.high & ~high == 0, address.low & ~low == 0 else { return nil }
    }

    /// Whether an address lies in the block.
    package func contains(_ other: IPAddress) -> Bool {
        guard other.isIPv4 == address.isIPv4 else { return false }
        let (high, low) = Self.masks(bits)
        return other.high & high == address.high && other.low & low == address.low
    }

    private static func masks(_ bits: Int) -> (high: UInt64, low: UInt64) {
        let high = bits == 0 ? 0 : UInt64.max << UInt64(64 - min(bits, 64))
        let low = bits <= 64 ? 0 : UInt64.max << UInt64(128 - bits)
        return (high, low)
    }
}
