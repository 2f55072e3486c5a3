import Logging
import NIOSSL
import SluiceComponent

/// The TLS context of a server: made from its files, and made again when they have changed, for the connections that come then.
///
/// The files are looked at when a connection comes, at most once a second. While new ones cannot be used the old context stays; that is
/// said when they are still the same at the next look, because whoever replaces a certificate and its key replaces one after the other.
final class TLSContextSource {
    private static let lookNs: Int64 = 1_000_000_000

    private let setting: TLSSetting
    private let log: Logger
    private(set) var context: NIOSSLContext
    private var stamps: [FileStamp?]
    private var lookedAt: Int64
    /// What failed and was not told yet, with the stamps of then.
    private var refused: (stamps: [FileStamp?], error: NetworkError, isTold: Bool)?

    /// Reads the files.
    init(_ setting: TLSSetting, log: Logger, at time: Int64 = MonotonicClock.now) throws(NetworkError) {
        self.setting = setting
        self.log = log
        stamps = Self.stamps(setting)
        lookedAt = time
        context = try Self.make(setting, log)
    }

    /// The context for a connection that comes now.
    func current(at time: Int64) -> NIOSSLContext {
        guard time - lookedAt >= Self.lookNs else { return context }
        lookedAt = time
        // Looked at before reading: what is written meanwhile is seen the next time.
        let found = Self.stamps(setting)
        guard found != stamps else {
            refused = nil
            return context
        }
        if let refused, refused.stamps == found {
            if !refused.isTold {
                log.error("the changed certificate is not used, the old one goes on: \(refused.error.message)")
                self.refused?.isTold = true
            }
            return context
        }
        do throws(NetworkError) {
            context = try Self.make(setting, log)
            stamps = found
            refused = nil
            log.info("the certificate in `\(setting.certificate)` was read again")
        } catch {
            refused = (found, error, false)
        }
        return context
    }

    private static func stamps(_ setting: TLSSetting) -> [FileStamp?] {
        [setting.certificate, setting.key, setting.clientCA].map { $0.flatMap { FileStamp($0) } }
    }

    private static func make(_ setting: TLSSetting, _ log: Logger) throws(NetworkError) -> NIOSSLContext {
        let chain = try PEMFile.certificates(setting.certificate, option: "tls.certificate")
        let key = try PEMFile.key(setting.key, option: "tls.key")
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = setting.minVersion == .v13 ? .tlsv13 : .tlsv12
        if let path = setting.clientCA {
            configuration.trustRoots = .certificates(try PEMFile.certificates(path, option: "tls.client_ca"))
            configuration.certificateVerification = .noHostnameVerification
            configuration.sendCANameList = true
        }
        do {
            let context = try NIOSSLContext(configuration: configuration)
            if let fault = CertificateValidity(chain[0]).fault {
                log.warning("the certificate in `\(setting.certificate)` \(fault): clients that look will not connect")
            }
            return context
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw NetworkError(
                .unusableFile, "the key in `\(setting.key)` (`tls.key`) does not belong to the certificate in `\(setting.certificate)`")
        } catch {
            throw NetworkError(.unusableFile, "the certificate in `\(setting.certificate)` cannot be used: \(TLSFailure.text(of: error))")
        }
    }
}
