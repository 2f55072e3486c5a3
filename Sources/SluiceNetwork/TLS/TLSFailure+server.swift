import NIOSSL

extension TLSFailure {
    /// Why TLS with a server went wrong, as the middle of a sentence. `certificate` is the server's, if one came; `trust` says what was
    /// expected of it.
    static func ofServer(_ error: any Error, certificate: NIOSSLCertificate? = nil, _ trust: DialTrust? = nil) -> String {
        switch error {
        case let error as NIOSSLError: ofServer(error, certificate, trust)
        case let error as BoringSSLError: ofServer(error, certificate, trust)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname: otherName(certificate, trust)
        case is NIOSSLCloseTimedOutError: "the peer did not answer the end of TLS"
        default: String(describing: error)
        }
    }

    private static func ofServer(_ error: NIOSSLError, _ certificate: NIOSSLCertificate?, _ trust: DialTrust?) -> String {
        switch error {
        case .handshakeFailed(let cause), .shutdownFailed(let cause): ofServer(cause, certificate, trust)
        case .uncleanShutdown: "the peer closed the connection without ending TLS"
        case .noCertificateToValidate: "the peer showed no certificate"
        case .unableToValidateCertificate: "the peer's certificate cannot be checked"
        default: String(describing: error)
        }
    }

    private static func ofServer(_ error: BoringSSLError, _ certificate: NIOSSLCertificate?, _ trust: DialTrust?) -> String {
        switch error {
        case .sslError(let stack), .unknownError(let stack):
            stack.isEmpty
                ? "the connection was closed" : names(of: error).map { ofServer(reason: $0, certificate, trust) }.joined(separator: "; ")
        case .zeroReturn: "the peer ended TLS"
        case .syscallError: "the connection was closed"
        default: String(describing: error)
        }
    }

    private static func ofServer(reason: String, _ certificate: NIOSSLCertificate?, _ trust: DialTrust?) -> String {
        let wanted = "the peer wants a certificate from us; set `tls.certificate` and `tls.key`"
        let foreign = "the peer does not speak TLS on this port"
        let version = "the peer speaks no version of TLS from `tls.min_version` (\(trust?.minVersion ?? "1.2")) on"
        return switch reason {
        case "CERTIFICATE_VERIFY_FAILED": distrust(certificate, trust)
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL": foreign
        case "TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL": version
        case "TLSV1_CERTIFICATE_REQUIRED", "TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_CERTIFICATE_REQUIRED": wanted
        case "TLSV1_ALERT_UNKNOWN_CA": "the peer does not know the authority that signed our certificate"
        case "SSLV3_ALERT_BAD_CERTIFICATE", "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
            "TLSV1_ALERT_ACCESS_DENIED":
            "the peer refuses our certificate"
        case "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the peer says that our certificate has expired"
        case "SSLV3_ALERT_CERTIFICATE_REVOKED": "the peer says that our certificate was revoked"
        case "SSLV3_ALERT_HANDSHAKE_FAILURE": "the peer refused the handshake; it may want a certificate from us (`tls.certificate`)"
        case endOfFile: "the peer closed the connection during the handshake; it may want a certificate from us"
        default: reason
        }
    }

    // MARK: - The server's certificate

    /// Why its chain was refused. The library says only that it was; the certificate itself and the authorities tell the rest.
    private static func distrust(_ certificate: NIOSSLCertificate?, _ trust: DialTrust?) -> String {
        guard let certificate else { return "the peer's certificate is not trusted" }
        let owner = owner(certificate)
        if let fault = CertificateValidity(certificate).fault { return "\(owner) \(fault)" }
        guard let trust, let path = trust.path else {
            return "\(owner) does not lead to an authority that the system trusts; name the file of another one in `tls.ca`"
        }
        if let authority = trust.authorities.first(where: { $0.subjectName == certificate.issuerName }),
            let fault = CertificateValidity(authority).fault
        {
            return "\(owner) was signed by an authority in `\(path)` (`tls.ca`) that \(fault)"
        }
        return "\(owner) does not lead to an authority in `\(path)` (`tls.ca`)"
    }

    private static func otherName(_ certificate: NIOSSLCertificate?, _ trust: DialTrust?) -> String {
        let names = certificate.map { CertificateNames.all($0).map { "`\($0)`" }.joined(separator: ", ") } ?? ""
        let expected = trust.map { "`\($0.name)`" } ?? "the host of the address"
        let shown = names.isEmpty ? "no name" : names
        return "the peer's certificate is for \(shown), and not for \(expected); `tls.server_name` says which name is expected"
    }

    /// Whose certificate it is.
    private static func owner(_ certificate: NIOSSLCertificate) -> String {
        let names = CertificateNames.all(certificate).map { "`\($0)`" }.joined(separator: ", ")
        return names.isEmpty ? "the peer's certificate" : "the peer's certificate for \(names)"
    }
}
