import NIOSSL

/// What the certificate of a server that is connected to has to be, as far as messages tell it.
struct DialTrust: Sendable {
    /// The name or the address that it has to be for.
    let name: String
    /// File of the authorities; nil for those that the system trusts.
    let path: String?
    /// The certificates in that file.
    let authorities: [NIOSSLCertificate]
    /// The oldest TLS that is spoken.
    let minVersion: String
}
