import SluiceConfig

/// How the far end of a `tls://` address is trusted, and what it is shown. Files are read when a connection is made.
package struct DialTLS: Sendable, Equatable {
    /// Certificates of the authorities that may have signed the peer's; nil: those that the system trusts.
    package var authorities: String?
    /// This side's certificate with those between it and its authority; nil: none is shown.
    package var certificate: String?
    package var key: String?
    /// The name that the peer's certificate has to be for; nil: the host of the address.
    package var serverName: String?
    /// Whether the peer has to prove who it is.
    package var verifies = true
    /// Whether TLS 1.3 is the least that is spoken, else 1.2.
    package var isModernOnly = false

    /// The system's trust, without a certificate of our own.
    package init() {}

    /// What checked options describe.
    init(_ values: OptionValues, folder: String) throws(ConfigError) {
        func path(_ key: String) -> String? { values.text(key).map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" } }
        authorities = path("ca")
        certificate = path("certificate")
        key = path("key")
        serverName = values.text("server_name")
        verifies = values.boolean("verify")
        isModernOnly = values.text("min_version") == "1.3"
        guard (certificate == nil) == (key == nil) else {
            let there = certificate == nil ? "key" : "certificate"
            let missing = certificate == nil ? "certificate" : "key"
            throw ConfigError(
                .missingOption, "\(values.component) has `\(there)` but no `\(missing)`; both are needed", key: "tls.\(there)")
        }
        if let serverName, serverName.isEmpty || serverName.utf8.count > 255 || IPAddress(serverName) != nil {
            throw ConfigError(
                .invalidValue,
                "`\(serverName)` is no value for `server_name`; it takes the name that stands in the receiver's certificate, not an IP address",
                key: "tls.server_name")
        }
    }

    /// The declarations.
    static let options: [OptionSpec] = [
        OptionSpec(
            "ca", .text, "file of the certificates (PEM) that the receiver's has to be signed by; by default those that the system trusts",
            example: "/etc/sluice/ca.pem"),
        OptionSpec(
            "certificate", .text, "file of a certificate (PEM) to show to the receiver, with those between it and its authority",
            example: "client.pem"),
        OptionSpec("key", .text, "file of its private key (PEM, without password)", example: "client.key"),
        OptionSpec(
            "server_name", .text, "name that the receiver's certificate has to be for; by default the host of the address",
            example: "logs.example.org"),
        OptionSpec(
            "verify", .boolean, default: "true",
            "`false` takes any certificate: what is sent can then be read and changed by whoever stands between", example: "false"),
        OptionSpec("min_version", .choice(["1.2", "1.3"]), default: "1.2", "the oldest TLS that is spoken", example: "1.3"),
    ]
}
