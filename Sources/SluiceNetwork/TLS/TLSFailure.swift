import NIOSSL

/// What errors of TLS mean, in words.
enum TLSFailure {
    /// Words for an error: those of `known` by the library's name of it, else the name itself.
    static func text(of error: any Error, known: [String: String] = [:]) -> String {
        let names = names(of: error)
        for name in names { if let text = known[name] { return text } }
        return names.first.map { $0.lowercased().replacing("_", with: " ") } ?? "\(error)"
    }

    /// The library's names of an error, as in `CERTIFICATE_VERIFY_FAILED`.
    static func names(of error: any Error) -> [String] {
        switch error {
        case NIOSSLError.handshakeFailed(let error), NIOSSLError.shutdownFailed(let error): return names(of: error)
        case BoringSSLError.sslError(let stack), BoringSSLError.unknownError(let stack):
            return stack.map { name(in: $0.description) }
        case BoringSSLError.syscallError: return ["SYSCALL"]
        case BoringSSLError.zeroReturn: return [endOfFile]
        default: return []
        }
    }

    /// The peer is gone in the middle of the handshake.
    static let endOfFile = "EOF during handshake"

    /// `NAME` of `Error: 268435703 error:100000f7:SSL routines:OPENSSL_internal:NAME at FILE:LINE`; what the library has made up itself
    /// stands behind the number.
    private static func name(in text: String) -> String {
        let mark = "OPENSSL_internal:"
        if let range = text.firstRange(of: mark) { return String(text[range.upperBound...].prefix { $0 != " " }) }
        return text.hasPrefix("Error:  ") ? String(text.dropFirst(8)) : text
    }

    /// Why a client's handshake with a server failed. `certificate` is the client's, if one came.
    static func ofClient(_ error: any Error, certificate: NIOSSLCertificate?, _ setting: TLSSetting?) -> String {
        if names(of: error).contains("CERTIFICATE_VERIFY_FAILED") {
            let names = certificate.map { CertificateNames.all($0).map { "`\($0)`" }.joined(separator: ", ") } ?? ""
            let owner = names.isEmpty ? "the client's certificate" : "the client's certificate for \(names)"
            if let fault = certificate.flatMap({ CertificateValidity($0).fault }) { return "\(owner) \(fault)" }
            return "\(owner) does not lead to an authority in `tls.client_ca`"
        }
        return text(of: error, known: clientTexts(setting))
    }

    private static func clientTexts(_ setting: TLSSetting?) -> [String: String] {
        let foreign = "the peer does not speak TLS"
        let version = "the peer speaks no version of TLS from `tls.min_version` (\(setting?.minVersion.rawValue ?? "1.2")) on"
        let distrust = "the peer does not trust our certificate"
        return [
            endOfFile: "the peer closed the connection in the middle of it",
            "SYSCALL": "the connection broke in the middle of it",
            "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client showed no certificate, and `tls.client_ca` asks for one",
            "WRONG_VERSION_NUMBER": foreign, "HTTP_REQUEST": "\(foreign) but HTTP", "HTTPS_PROXY_REQUEST": foreign,
            "UNSUPPORTED_PROTOCOL": version, "UNKNOWN_PROTOCOL": version, "TLSV1_ALERT_PROTOCOL_VERSION": version,
            // OpenSSL's clients of TLS 1.3 refuse a certificate in the clear, when everything has to be encrypted already.
            "BAD_PACKET_LENGTH": "the peer broke it off, as one does that does not trust our certificate",
            "NO_SHARED_CIPHER": "the peer and we have no cipher in common",
            "TLSV1_ALERT_UNKNOWN_CA": "\(distrust): it does not know the authority that signed it",
            "SSLV3_ALERT_BAD_CERTIFICATE": distrust, "SSLV3_ALERT_CERTIFICATE_UNKNOWN": distrust,
            "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": distrust,
            "SSLV3_ALERT_CERTIFICATE_EXPIRED": "\(distrust): it says that it has expired",
            "SSLV3_ALERT_CERTIFICATE_REVOKED": "\(distrust): it says that it was revoked",
        ]
    }
}
