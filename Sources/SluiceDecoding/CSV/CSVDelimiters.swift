/// ASCII characters any of which separates fields, in a form that is quick to look at.
struct CSVDelimiters {
    /// Bit n of the first or, less 64, of the second word: the character n separates.
    private var bits: (UInt64, UInt64) = (0, 0)
    /// The first three; the last one again where there are fewer.
    let first: (UInt8, UInt8, UInt8)
    /// Whether `first` has all.
    let isFew: Bool

    /// A set of at least one character.
    init(_ bytes: [UInt8]) {
        first = (bytes[0], bytes[min(1, bytes.count - 1)], bytes[min(2, bytes.count - 1)])
        isFew = bytes.count <= 3
        for byte in bytes {
            if byte < 64 { bits.0 |= 1 << UInt64(byte) } else { bits.1 |= 1 << UInt64(byte & 63) }
        }
    }

    /// Whether a byte separates.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        byte < 128 && (byte < 64 ? bits.0 : bits.1) >> UInt64(byte & 63) & 1 != 0
    }
}
