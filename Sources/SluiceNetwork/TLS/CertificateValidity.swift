import Glibc
import NIOSSL

/// Whether a certificate is of today.
struct CertificateValidity {
    /// Why not: `expired on 2024-05-01` or `is not valid before 2031-05-01`; nil when it is.
    let fault: String?

    /// Looks at a certificate; `now` is in seconds since 1970.
    init(_ certificate: NIOSSLCertificate, now: time_t = time(nil)) {
        if certificate.notValidAfter < now {
            fault = "expired on \(Self.day(certificate.notValidAfter))"
        } else if certificate.notValidBefore > now {
            fault = "is not valid before \(Self.day(certificate.notValidBefore))"
        } else {
            fault = nil
        }
    }

    private static func day(_ time: time_t) -> String {
        var time = time
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }
}
