import NIOSSL
import SluiceConfig

/// Files of certificates and keys, in PEM form. Errors name the file and the option that named it.
enum PEMFile {
    private static let bytesMax = 4 << 20

    /// The certificates of a file, at least one.
    static func certificates(_ path: String, option: String) throws(NetworkError) -> [NIOSSLCertificate] {
        let bytes = try read(path, option)
        guard !bytes.isEmpty, let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw NetworkError(.unusableFile, "`\(path)` (`\(option)`) holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)")
        }
        return certificates
    }

    /// The private key of a file.
    static func key(_ path: String, option: String) throws(NetworkError) -> NIOSSLPrivateKey {
        let bytes = try read(path, option)
        // Asked first: without somebody at a terminal there is no passphrase.
        guard !isEncrypted(bytes) else {
            throw NetworkError(
                .unusableFile,
                "the key in `\(path)` (`\(option)`) is encrypted; sluice needs one without passphrase, in a file that only its user can read: "
                    + "`openssl pkey -in \(path) -out NEW`")
        }
        guard !bytes.isEmpty, let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw NetworkError(.unusableFile, "`\(path)` (`\(option)`) holds no private key in PEM form (`-----BEGIN PRIVATE KEY-----`)")
        }
        return key
    }

    /// `-----BEGIN ENCRYPTED PRIVATE KEY-----` (RFC 7468 section 11), or a header `Proc-Type: 4,ENCRYPTED` (RFC 1421).
    private static func isEncrypted(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).contains {
            $0 == "-----BEGIN ENCRYPTED PRIVATE KEY-----" || $0.hasPrefix("Proc-Type:") && $0.hasSuffix("ENCRYPTED")
        }
    }

    private static func read(_ path: String, _ option: String) throws(NetworkError) -> [UInt8] {
        do {
            return try SmallFile.read(path, bytesMax: bytesMax)
        } catch {
            throw NetworkError(.unusableFile, "\(error.message) (`\(option)`)")
        }
    }
}
