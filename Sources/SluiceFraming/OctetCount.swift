/// The count that begins an RFC 6587 octet-counted frame: `MSG-LEN SP`, without leading zeros.
enum OctetCount: Equatable {
    /// Digits so far; the byte behind them has not come.
    case unfinished
    /// No count: something else than digits and a blank.
    case absent
    /// Digits and a blank that no sender means: zero, leading zeros or more than nine digits.
    case absurd(headerLength: Int)
    case count(Int, headerLength: Int)

    /// Digits that are looked at; a longer run is no count.
    private static let digitsMax = 20

    /// Reads the count at `position`.
    static func read(_ base: UnsafePointer<UInt8>, at position: Int, limit: Int) -> OctetCount {
        var value = 0
        var digits = 0
        while digits <= digitsMax {
            guard position + digits < limit else { return .unfinished }
            // SAFETY: checked against the window's limit in the line above.
            let byte = base[position + digits]
            guard byte >= 0x30, byte <= 0x39 else {
                guard digits > 0, byte == 0x20 else { return .absent }
                if base[position] == 0x30 || digits > 9 { return .absurd(headerLength: digits + 1) }
                return .count(value, headerLength: digits + 1)
            }
            if digits < 10 { value = value * 10 + Int(byte - 0x30) }
            digits += 1
        }
        return .absent
    }
}
