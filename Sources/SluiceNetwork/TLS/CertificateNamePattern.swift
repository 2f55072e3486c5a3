package import SluiceConfig

/// A name that a certificate may have: a host name or common name, `*.example.com` for exactly one label in front, or an IP address.
package struct CertificateNamePattern: Sendable, Equatable {
    private enum Form: Equatable {
        case address(IPAddress)
        /// Small letters.
        case name(String)
        /// What stands behind the star, with its dot, in small letters.
        case anyLabel(before: String)
    }

    package let text: String
    private let form: Form

    /// Reads a pattern of option `key`.
    package init(_ text: String, key: String) throws(ConfigError) {
        self.text = text
        let lower = Self.plain(text)
        if let address = IPAddress(text) {
            form = .address(address)
        } else if lower.hasPrefix("*."), lower.utf8.count > 2, !lower.dropFirst().contains("*") {
            form = .anyLabel(before: String(lower.dropFirst()))
        } else if !lower.isEmpty, !lower.contains("*") {
            form = .name(lower)
        } else {
            throw ConfigError(
                .invalidValue,
                "`\(text)` is no name for `\(key)`; it takes `host.example.com`, `*.example.com` (one label) or an IP address", key: key)
        }
    }

    /// Whether a name of a certificate (host name, address or common name) is meant.
    package func matches(_ name: String) -> Bool {
        switch form {
        case .address(let address): return IPAddress(name) == address
        case .name(let wanted): return Self.plain(name) == wanted
        case .anyLabel(let end):
            let name = Self.plain(name)
            guard name.hasSuffix(end), IPAddress(name) == nil else { return false }
            let label = name.dropLast(end.count)
            return !label.isEmpty && !label.contains(".")
        }
    }

    private static func plain(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }
}
