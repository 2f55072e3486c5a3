import NIOCore
import NIOSSL
import Synchronization

/// The TLS context of a dialer, made anew when one of its files has changed: new certificates need no restart.
final class DialTLSContexts: Sendable {
    /// A context and the certificates that it was told to trust; none where it trusts those of the system.
    struct Made: Sendable {
        fileprivate let stamps: [FileStamp?]
        let context: NIOSSLContext
        let authorities: [NIOSSLCertificate]
    }

    private let setting: DialTLS
    private let made = Mutex<Made?>(nil)

    /// Contexts of a setting.
    init(_ setting: DialTLS) { self.setting = setting }

    /// The context for a connection that is made now.
    func current() throws(NetworkError) -> Made {
        let stamps = [setting.authorities, setting.certificate, setting.key].map { $0.flatMap { FileStamp($0) } }
        if let made = made.withLock({ $0?.stamps == stamps ? $0 : nil }) { return made }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = setting.isModernOnly ? .tlsv13 : .tlsv12
        configuration.certificateVerification = setting.verifies ? .fullVerification : .none
        configuration.shutdownTimeout = .milliseconds(Int64(SocketWatch.lingerMs))
        var authorities: [NIOSSLCertificate] = []
        if let path = setting.authorities {
            authorities = try PEMFile.certificates(path, option: "tls.ca")
            configuration.trustRoots = .certificates(authorities)
        }
        if let path = setting.certificate, let keyPath = setting.key {
            configuration.certificateChain = try PEMFile.certificates(path, option: "tls.certificate").map { .certificate($0) }
            configuration.privateKey = .privateKey(try PEMFile.key(keyPath, option: "tls.key"))
        }
        let context: NIOSSLContext
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw NetworkError(
                .unusableFile,
                "the key in `\(setting.key ?? "")` (`tls.key`) does not belong to the certificate in `\(setting.certificate ?? "")`")
        } catch {
            throw NetworkError(.unusableFile, "TLS cannot be set up: \(TLSFailure.ofServer(error))")
        }
        let fresh = Made(stamps: stamps, context: context, authorities: authorities)
        made.withLock { $0 = fresh }
        return fresh
    }
}
