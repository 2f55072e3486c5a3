import NIOSSL

/// The names that a certificate is for.
enum CertificateNames {
    /// Host names and addresses of its alternative names, and the common name of its subject behind them.
    static func all(_ certificate: NIOSSLCertificate) -> [String] {
        var names: [String] = []
        for name in certificate._subjectAlternativeNames() {
            switch name.nameType {
            case .dnsName: names.append(String(decoding: name.contents, as: UTF8.self))
            case .ipAddress where name.contents.count == 4 || name.contents.count == 16:
                names.append(IPAddress(bytes: Array(name.contents)).text)
            default: break
            }
        }
        if let common = (try? certificate.toDERBytes()).flatMap({ commonName(ofCertificate: $0[...]) }), !names.contains(common) {
            names.append(common)
        }
        return names
    }

    /// The last common name of the subject of a certificate in DER (RFC 5280 section 4.1):
    ///
    /// ```
    /// SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject { SET { SEQUENCE { OID, text } … } … }, … }, … }
    /// ```
    static func commonName(ofCertificate bytes: ArraySlice<UInt8>) -> String? {
        var outer = bytes
        guard var certificate = element(&outer, sequence), var fields = element(&certificate, sequence) else { return nil }
        if fields.first == 0xA0 { _ = element(&fields, 0xA0) }
        guard element(&fields, 0x02) != nil, element(&fields, sequence) != nil, element(&fields, sequence) != nil,
            element(&fields, sequence) != nil, var subject = element(&fields, sequence)
        else { return nil }
        var found: String?
        while var set = element(&subject, 0x31) {
            while var pair = element(&set, sequence) {
                guard let kind = element(&pair, 0x06), kind.elementsEqual([0x55, 0x04, 0x03]) else { continue }
                found = text(pair) ?? found
            }
        }
        return found
    }

    private static let sequence: UInt8 = 0x30

    /// The content of the element that comes next, which has to be of a kind; nil for another one or for none.
    private static func element(_ bytes: inout ArraySlice<UInt8>, _ kind: UInt8) -> ArraySlice<UInt8>? {
        guard bytes.first == kind, bytes.count >= 2 else { return nil }
        var rest = bytes.dropFirst(2)
        var length = Int(bytes[bytes.startIndex + 1])
        if length >= 0x80 {
            let digits = length & 0x7F
            guard (1...4).contains(digits), rest.count >= digits else { return nil }
            length = rest.prefix(digits).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(digits)
        }
        guard rest.count >= length else { return nil }
        bytes = rest.dropFirst(length)
        return rest.prefix(length)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        var bytes = bytes
        switch bytes.first {
        // UTF8String, PrintableString, IA5String.
        case 0x0C, 0x13, 0x16: return element(&bytes, bytes[bytes.startIndex]).flatMap { String(validating: $0, as: UTF8.self) }
        // T61String, by all practice Latin-1.
        case 0x14: return element(&bytes, 0x14).map { String(String.UnicodeScalarView($0.map { Unicode.Scalar($0) })) }
        // BMPString.
        case 0x1E:
            return element(&bytes, 0x1E).flatMap { content in
                let content = Array(content)
                let units = stride(from: 0, to: content.count - 1, by: 2).map { UInt16(content[$0]) << 8 | UInt16(content[$0 + 1]) }
                return String(validating: units, as: UTF16.self)
            }
        default: return nil
        }
    }
}
