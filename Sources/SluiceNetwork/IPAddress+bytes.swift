import Glibc

extension IPAddress {
    /// Bytes that the text of any address has at most.
    package static let textBytesMax = 46

    /// Writes the text that ``text`` is, without allocating; answers its length. `to` has room for ``textBytesMax`` bytes.
    package func write(to: UnsafeMutableRawBufferPointer) -> Int {
        precondition(to.count >= Self.textBytesMax, "no room for the text of an address")
        guard isIPv4 else {
            var six = (high.bigEndian, low.bigEndian)
            guard let start = to.baseAddress?.assumingMemoryBound(to: CChar.self),
                inet_ntop(AF_INET6, &six, start, UInt32(to.count)) != nil
            else { return 0 }
            return strlen(start)
        }
        var length = 0
        for shift in stride(from: 56, through: 32, by: -8) {
            let value = UInt8(truncatingIfNeeded: high >> UInt64(shift))
            if value >= 100 {
                to[length] = 0x30 + value / 100
                length += 1
            }
            if value >= 10 {
                to[length] = 0x30 + value / 10 % 10
                length += 1
            }
            to[length] = 0x30 + value % 10
            to[length + 1] = 0x2E
            length += 2
        }
        return length - 1
    }
}
