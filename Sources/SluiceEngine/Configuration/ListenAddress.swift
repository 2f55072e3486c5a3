package import SluiceConfig

/// A TCP address to listen on: `127.0.0.1:8787`, `[::1]:8787`, `localhost:8787`.
package struct ListenAddress: Sendable, Equatable {
    /// Address or name, without brackets.
    package let host: String
    /// 0 for one that the system chooses.
    package let port: Int

    /// Reads `HOST:PORT`.
    package init(_ text: String, key: String) throws(ConfigError) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port) else {
            throw Self.malformed(text, key)
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw Self.malformed(text, key)
        }
        guard !host.isEmpty, !host.contains("/") else { throw Self.malformed(text, key) }
        self.host = String(host)
        self.port = port
    }

    /// Whether only programs of this machine reach it.
    package var isLoopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "::1" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func malformed(_ text: String, _ key: String) -> ConfigError {
        ConfigError(
            .invalidValue, "`\(text)` is no value for `\(key)`; it takes an address and port such as `127.0.0.1:8787` or `[::1]:8787`",
            key: key)
    }
}
