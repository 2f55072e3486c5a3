import NIOCore
import NIOSSL
import Synchronization

/// The TLS context of a dialer, made anew when one of its files has changed: new certificates need no restart.
final class DialTLSContexts: Sendable {
    private struct Made {
        let stamps: [FileStamp?]
        let context: NIOSSLContext
    }

    private let setting: DialTLS
    private let made = Mutex<Made?>(nil)

    /// Contexts of a setting.
    init(_ setting: DialTLS) { self.setting = setting }

    /// The context for a connection that is made now.
    func context() throws(NetworkError) -> NIOSSLContext {
        let stamps = [setting.authorities, setting.certificate, setting.key].map { $0.flatMap { FileStamp($0) } }
        if let context = made.withLock({ $0?.stamps == stamps ? $0?.context : nil }) { return context }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = setting.isModernOnly ? .tlsv13 : .tlsv12
        configuration.certificateVerification = setting.verifies ? .fullVerification : .none
        configuration.shutdownTimeout = .milliseconds(Int64(SocketWatch.lingerMs))
        if let path = setting.authorities { configuration.trustRoots = .certificates(try PEMFile.certificates(path, option: "tls.ca")) }
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
        made.withLock { $0 = Made(stamps: stamps, context: context) }
        return context
    }
}
