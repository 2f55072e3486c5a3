import Crypto

/// What an end of Fluent's forward protocol has to know to be let in, or to let others in.
package struct ForwardSecret: Sendable, Equatable {
    /// A user and the password that goes with the name.
    package struct User: Sendable, Equatable {
        package let name: String
        package let password: String

        /// A user.
        package init(name: String, password: String) {
            self.name = name
            self.password = password
        }
    }

    /// What both ends know.
    package let sharedKey: String
    /// The name of this end; the two ends have to have different ones.
    package let hostname: String

    /// A secret.
    package init(sharedKey: String, hostname: String) {
        self.sharedKey = sharedKey
        self.hostname = hostname
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// 128 bits that nobody can foretell, as hexadecimal digits: text is what every implementation takes.
    package static func salt() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<32).map { _ in digits.randomElement(using: &random) ?? 0x30 }
    }

    /// The SHA-512 of texts, one behind the other, as 128 hexadecimal digits.
    static func digest(_ parts: [UInt8]...) -> [UInt8] {
        var hash = SHA512()
        for part in parts { hash.update(data: part) }
        return hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// Proof that one knows the key: of the end named `hostname`, for one connection.
    package func proof(of hostname: [UInt8], salt: [UInt8], nonce: [UInt8]) -> [UInt8] {
        Self.digest(salt, hostname, nonce, Array(sharedKey.utf8))
    }

    /// Whether two texts are the same; the time that it takes says nothing of where they differ.
    static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        var difference: UInt8 = 0
        for index in one.indices { difference |= one[index] ^ other[index] }
        return difference == 0
    }
}
