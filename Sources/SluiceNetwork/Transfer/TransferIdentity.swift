/// Who sends, for as long as the sending program lives: 128 random bits. Sequence numbers are those of one identity.
package struct TransferIdentity: Hashable, Sendable, CustomStringConvertible {
    /// Bytes on the wire.
    package static let byteCount = 16

    let high: UInt64
    /// Also a number that tells streams apart: bits like any other.
    package let low: UInt64

    /// An identity of these bits.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new identity, which nobody else has.
    package static func random() -> TransferIdentity {
        var generator = SystemRandomNumberGenerator()
        return TransferIdentity(high: generator.next(), low: generator.next())
    }

    /// Reads the 32 hexadecimal digits of ``description``; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    package var description: String { Self.digits(high) + Self.digits(low) }

    private static func digits(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
