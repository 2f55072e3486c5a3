import NIOSSL
import SluiceConfig
import Testing

@testable import SluiceNetwork

struct CertificateNameTests {
    @Test(arguments: [
        ("web1.example.com", "web1.example.com", true), ("web1.example.com", "WEB1.Example.COM.", true),
        ("web1.example.com", "web2.example.com", false),
        ("web1.example.com", "*.example.com", false), ("*.example.com", "web1.example.com", true),
        ("*.example.com", "a.b.example.com", false),
        ("*.example.com", "example.com", false), ("*.example.com", ".example.com", false), ("*.example.com", "evilexample.com", false),
        ("*.0.2.1", "192.0.2.1", false), ("192.0.2.1", "192.0.2.1", true), ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("2001:db8::1", "2001:0db8::0001", true), ("2001:db8::1", "2001:db8::2", false), ("web server 1", "Web Server 1", true),
        ("a.example.com", "a.example.com\u{0}.evil.org", false),
    ])
    func `a pattern means a name or does not`(_ pattern: String, _ name: String, _ isMeant: Bool) throws {
        #expect(try CertificateNamePattern(pattern, key: "tls.permitted_names").matches(name) == isMeant)
    }

    @Test(arguments: ["", "*", "*.", "*.*.com", "a*.com", "*a.com", "web.*"])
    func `what is no pattern is refused`(_ text: String) {
        #expect(
            throws: ConfigError(
                .invalidValue,
                "`\(text)` is no name for `tls.permitted_names`; it takes `host.example.com`, `*.example.com` (one label) or an IP address",
                key: "tls.permitted_names")
        ) { try CertificateNamePattern(text, key: "tls.permitted_names") }
    }

    @Test func `the names of a certificate are read`() throws {
        let certificates = TestCertificates()
        certificates.make("a", common: "Müller", names: "DNS:a.example.com,DNS:*.b.example.com,IP:192.0.2.1,email:x@example.com")
        certificates.make("b", common: "b.example.com", names: "DNS:b.example.com")
        certificates.make("c", common: "plain")
        func names(_ name: String) throws -> [String] {
            CertificateNames.all(try NIOSSLCertificate.fromPEMFile("\(certificates.folder.path)/\(name).pem")[0])
        }
        #expect(try names("a") == ["a.example.com", "*.b.example.com", "192.0.2.1", "Müller"])
        #expect(try names("b") == ["b.example.com"])
        #expect(try names("c") == ["plain"])
    }

    @Test func `bytes that are no certificate have no common name`() throws {
        let certificates = TestCertificates()
        let bytes = try NIOSSLCertificate.fromPEMFile("\(certificates.folder.path)/ca.pem")[0].toDERBytes()
        #expect(CertificateNames.commonName(ofCertificate: bytes[...]) == "Test authority ca")
        for end in 0..<bytes.count { #expect(CertificateNames.commonName(ofCertificate: bytes[..<end]) == nil) }
        for index in bytes.indices {
            var changed = bytes
            for value: UInt8 in [0x00, 0x7F, 0x80, 0x84, 0xFF] {
                changed[index] = value
                _ = CertificateNames.commonName(ofCertificate: changed[...])
            }
        }
    }
}
