package import SluiceConfig

/// The checked options of a server's TLS. The files are read when it listens, and again when they change.
package struct TLSSetting: Sendable, Equatable {
    /// Oldest version of the protocol that is spoken.
    package enum Version: String, Sendable, CaseIterable {
        case v12 = "1.2"
        case v13 = "1.3"
    }

    /// File of the certificate and those between it and the root, PEM.
    package let certificate: String
    /// File of the private key, PEM; may be that of the certificate.
    package let key: String
    /// File of the certificates that those of clients have to lead to; nil when clients need none.
    package let clientCA: String?
    /// Names of which a client's certificate has to have one; empty for any.
    package let permittedNames: [CertificateNamePattern]
    package let minVersion: Version
    package let handshakeNs: Int64

    /// Option `tls`.
    package static let option = OptionSpec(
        "tls",
        .group([
            OptionSpec(
                "certificate", .text,
                "file of the server's certificate and those between it and the root (PEM); read again when it changes",
                example: "server.pem", isRequired: true),
            OptionSpec(
                "key", .text, "file of its private key (PEM, not encrypted); by default that of `certificate`", example: "server.key"),
            OptionSpec(
                "client_ca", .text, "file of certificate authorities (PEM); every client needs a certificate of one of them",
                example: "clients.pem"),
            OptionSpec(
                "permitted_names", .texts,
                "names of which a client's certificate has to have one: host names, `*.example.com` for one label, IP addresses, common names",
                example: "[web1.example.com, \"*.dmz.example.com\"]"),
            OptionSpec(
                "min_version", .choice(Version.allCases.map(\.rawValue)), default: Version.v12.rawValue,
                "oldest version of TLS that is spoken",
                example: "1.3"),
            OptionSpec(
                "handshake_timeout", .duration(1_000_000...3_600_000_000_000), default: "10s", "longest time that a handshake may take",
                example: "30s"),
        ]), "certificates of `tls://`", example: "{ certificate: server.pem, key: server.key, client_ca: clients.pem }")

    /// The setting that checked options of the group describe; relative paths begin at `folder`.
    package init(_ values: OptionValues, folder: String) throws(ConfigError) {
        func path(_ key: String) -> String? { values.text(key).map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 } }
        guard let certificate = path("certificate") else {
            throw ConfigError(.missingOption, "`tls` needs `certificate`; write `certificate: server.pem`", key: "tls")
        }
        self.certificate = certificate
        key = path("key") ?? certificate
        clientCA = path("client_ca")
        var patterns: [CertificateNamePattern] = []
        for text in values.texts("permitted_names") { patterns.append(try CertificateNamePattern(text, key: "tls.permitted_names")) }
        permittedNames = patterns
        if !patterns.isEmpty, clientCA == nil {
            throw ConfigError(
                .invalidValue,
                "`tls.permitted_names` looks at the certificates of clients, which only `tls.client_ca` asks for: set it too",
                key: "tls.permitted_names")
        }
        minVersion = values.text("min_version").flatMap(Version.init(rawValue:)) ?? .v12
        handshakeNs = values.duration("handshake_timeout") ?? 10_000_000_000
    }
}
