import NIOSSL

extension TLSFailure {
    /// Why TLS with a server went wrong, as the middle of a sentence.
    static func ofServer(_ error: any Error) -> String {
        switch error {
        case let error as NIOSSLError: ofServer(error)
        case let error as BoringSSLError: ofServer(error)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "the peer's certificate is for another name; `tls.server_name` says which one is expected"
        case is NIOSSLCloseTimedOutError: "the peer did not answer the end of TLS"
        default: String(describing: error)
        }
    }

    private static func ofServer(_ error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(let cause), .shutdownFailed(let cause): ofServer(cause)
        case .uncleanShutdown: "the peer closed the connection without ending TLS"
        case .noCertificateToValidate: "the peer showed no certificate"
        case .unableToValidateCertificate: "the peer's certificate cannot be checked"
        default: String(describing: error)
        }
    }

    private static func ofServer(_ error: BoringSSLError) -> String {
        switch error {
        case .sslError(let stack), .unknownError(let stack):
            stack.isEmpty ? "the connection was closed" : names(of: error).map(ofServer(reason:)).joined(separator: "; ")
        case .zeroReturn: "the peer ended TLS"
        case .syscallError: "the connection was closed"
        default: String(describing: error)
        }
    }

    private static func ofServer(reason: String) -> String {
        switch reason {
        case "CERTIFICATE_VERIFY_FAILED":
            "the peer's certificate is not trusted: it has expired, is not valid yet, or was not signed by an authority in `tls.ca` (by default, "
                + "one that the system trusts)"
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL": "the peer does not speak TLS on this port"
        case "TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL": "the peer speaks only older TLS than `tls.min_version` allows"
        case "TLSV1_CERTIFICATE_REQUIRED", "TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_CERTIFICATE_REQUIRED":
            "the peer wants a certificate from us; set `tls.certificate` and `tls.key`"
        case "TLSV1_ALERT_UNKNOWN_CA": "the peer does not know the authority that signed our certificate"
        case "SSLV3_ALERT_BAD_CERTIFICATE": "the peer refuses our certificate"
        case "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the peer says that our certificate has expired"
        case "SSLV3_ALERT_HANDSHAKE_FAILURE": "the peer refused the handshake; it may want a certificate from us (`tls.certificate`)"
        case "EOF during handshake": "the peer closed the connection during the handshake; it may want a certificate from us"
        default: reason
        }
    }
}
