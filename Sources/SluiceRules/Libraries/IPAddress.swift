import CSluice

/// An IPv4 or IPv6 address as 128 bits. IPv4 addresses lie in the low 32 bits; IPv4-mapped IPv6 addresses (`::ffff:a.b.c.d`)
/// are read as the IPv4 address they stand for.
struct IPAddress: Equatable {
    var high: UInt64
    var low: UInt64
    let isIPv4: Bool

    /// Bits of an address of this version.
    var bitCount: Int { isIPv4 ? 32 : 128 }

    init(high: UInt64, low: UInt64, isIPv4: Bool) {
        self.high = high
        self.low = low
        self.isIPv4 = isIPv4
    }

    /// Reads an address: dotted decimal without leading zeros, or RFC 4291 text; nil for anything else.
    init?(_ text: UnsafeRawBufferPointer) {
        guard text.count >= 2, text.count <= 45 else { return nil }
        if let value = IPAddress.dotted(text, from: 0) {
            self.init(high: 0, low: UInt64(value), isIPv4: true)
            return
        }
        guard let (high, low) = IPAddress.groups(text) else { return nil }
        if high == 0, low >> 32 == 0xFFFF {
            self.init(high: 0, low: low & 0xFFFF_FFFF, isIPv4: true)
        } else {
            self.init(high: high, low: low, isIPv4: false)
        }
    }

    /// The address with all bits behind the first `bits` cleared.
    func masked(_ bits: Int) -> IPAddress {
        if isIPv4 {
            return IPAddress(high: 0, low: bits == 0 ? 0 : low & (0xFFFF_FFFF << UInt64(32 - bits) & 0xFFFF_FFFF), isIPv4: true)
        }
        if bits >= 64 {
            return IPAddress(high: high, low: bits == 64 ? 0 : low & (.max << UInt64(128 - bits)), isIPv4: false)
        }
        return IPAddress(high: bits == 0 ? 0 : high & (.max << UInt64(64 - bits)), low: 0, isIPv4: false)
    }

    /// The address with all bits behind the first `bits` set.
    func filled(_ bits: Int) -> IPAddress {
        if isIPv4 { return IPAddress(high: 0, low: bits == 32 ? low : low | (0xFFFF_FFFF >> UInt64(bits)), isIPv4: true) }
        if bits >= 64 {
            return IPAddress(high: high, low: bits == 128 ? low : low | (.max >> UInt64(bits - 64)), isIPv4: false)
        }
        return IPAddress(high: high | (.max >> UInt64(bits)), low: .max, isIPv4: false)
    }

    /// Bit `index` counted from the most significant one.
    @inline(__always) func bit(_ index: Int) -> Int {
        let place = isIPv4 ? 31 - index : 127 - index
        return Int((place >= 64 ? high >> UInt64(place - 64) : low >> UInt64(place)) & 1)
    }

    /// Writes the canonical text (RFC 5952 for IPv6).
    func append(to buffer: UnsafeMutablePointer<sl_buffer>) {
        if isIPv4 {
            for shift: UInt64 in [24, 16, 8, 0] {
                buffer.appendInteger(Int64(low >> shift & 0xFF))
                if shift > 0 { buffer.append(UInt8(ascii: ".")) }
            }
            return
        }
        let (start, count) = longestZeros
        var index = 0
        while index < 8 {
            if index == start {
                buffer.append(index == 0 ? "::" : ":")
                index += count
                continue
            }
            appendGroup(group(index), to: buffer)
            index += 1
            if index < 8 { buffer.append(UInt8(ascii: ":")) }
        }
    }

    private func group(_ index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - (index & 3) * 16))
    }

    /// The first longest run of at least two zero groups; start 8 when there is none.
    private var longestZeros: (start: Int, count: Int) {
        var best = (start: 8, count: 1)
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, group(end) == 0 { end += 1 }
            if end - index > best.count { best = (index, end - index) }
            index = max(end, index + 1)
        }
        return best
    }

    private func appendGroup(_ group: UInt16, to buffer: UnsafeMutablePointer<sl_buffer>) {
        var isLeading = true
        for shift: UInt16 in [12, 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: group >> shift & 15)
            if digit == 0, isLeading, shift > 0 { continue }
            isLeading = false
            buffer.append(hexDigit(digit))
        }
    }

    /// Dotted decimal from `start` to the end of the text.
    private static func dotted(_ text: UnsafeRawBufferPointer, from start: Int) -> UInt32? {
        var value: UInt32 = 0
        var parts = 0
        var index = start
        while true {
            let first = index
            var part: UInt32 = 0
            while index < text.count, text[index] &- 0x30 < 10, index - first < 4 {
                part = part * 10 + UInt32(text[index] &- 0x30)
                index += 1
            }
            let digits = index - first
            guard digits > 0, part <= 255, digits == 1 || text[first] != 0x30 else { return nil }
            value = value << 8 | part
            parts += 1
            if parts == 4 { return index == text.count ? value : nil }
            guard index < text.count, text[index] == UInt8(ascii: ".") else { return nil }
            index += 1
        }
    }

    /// The groups of an IPv6 address (RFC 4291, section 2.2).
    private static func groups(_ text: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64)? {
        // Groups before `::` fill from the left, those behind it from the right.
        var left = Groups()
        var right = Groups()
        var hasGap = false
        var index = 0
        if text[0] == UInt8(ascii: ":") {
            guard text[1] == UInt8(ascii: ":") else { return nil }
            hasGap = true
            index = 2
        }
        while index < text.count {
            if let value = dotted(text, from: index) {
                let high = UInt16(truncatingIfNeeded: value >> 16)
                let low = UInt16(truncatingIfNeeded: value)
                if hasGap { right.add(high); right.add(low) } else { left.add(high); left.add(low) }
                break
            }
            var group: UInt32 = 0
            let first = index
            while index < text.count, hexValue(text[index]) < 16, index - first < 4 {
                group = group << 4 | UInt32(hexValue(text[index]))
                index += 1
            }
            guard index > first else { return nil }
            if hasGap { right.add(UInt16(group)) } else { left.add(UInt16(group)) }
            if index == text.count { break }
            guard text[index] == UInt8(ascii: ":"), index + 1 < text.count else { return nil }
            index += 1
            if text[index] == UInt8(ascii: ":") {
                guard !hasGap else { return nil }
                hasGap = true
                index += 1
            }
        }
        let count = left.count + right.count
        guard hasGap ? count <= 7 : count == 8 else { return nil }
        return left.joined(right)
    }

    private struct Groups {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var count = 0

        mutating func add(_ group: UInt16) {
            high = high << 16 | low >> 48
            low = low << 16 | UInt64(group)
            count += 1
        }

        func joined(_ right: Groups) -> (high: UInt64, low: UInt64) {
            var (high, low) = (high, low)
            for _ in count..<8 {
                high = high << 16 | low >> 48
                low = low << 16
            }
            return (high | right.high, low | right.low)
        }
    }
}

/// A network: an address and the number of leading bits that count.
struct IPNetwork {
    /// First address, bits behind the prefix cleared.
    let address: IPAddress
    let bits: Int

    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a single address; bits behind the prefix do not count.
    init?(_ text: UnsafeRawBufferPointer) {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else {
            guard let address = IPAddress(text) else { return nil }
            self.init(address: address, bits: address.bitCount)
            return
        }
        let digits = UnsafeRawBufferPointer(rebasing: text[(slash + 1)...])
        guard let address = IPAddress(UnsafeRawBufferPointer(rebasing: text[..<slash])), (1...3).contains(digits.count),
            let first = digits.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-"),
            var bits = NumberText.integer(digits).map({ Int($0) })
        else { return nil }
        // `::ffff:10.0.0.0/104` counts in the IPv6 address; as an IPv4 network it has 96 bits less.
        if address.isIPv4, text[..<slash].contains(UInt8(ascii: ":")) { bits -= 96 }
        guard bits >= 0, bits <= address.bitCount else { return nil }
        self.init(address: address, bits: bits)
    }

    init(address: IPAddress, bits: Int) {
        self.address = address.masked(bits)
        self.bits = bits
    }

    /// Whether an address lies in the network; never across versions.
    @inline(__always) func contains(_ other: IPAddress) -> Bool {
        other.isIPv4 == address.isIPv4 && other.masked(bits) == address
    }

    /// Writes `10.0.0.0/8`.
    func append(to buffer: UnsafeMutablePointer<sl_buffer>) {
        address.append(to: buffer)
        buffer.append(UInt8(ascii: "/"))
        buffer.appendInteger(Int64(bits))
    }
}
