import Glibc
import NIOCore
import NIOSSL
import SluiceConfig
import Synchronization

/// The TLS context of a dialer, made anew when one of its files has changed: new certificates need no restart.
final class DialTLSContexts: Sendable {
    /// Which state of a file was read.
    private struct Stamp: Equatable {
        let device: UInt
        let inode: UInt
        let bytes: Int
        let changedSeconds: Int
        let changedNanoseconds: Int

        init?(_ path: String) {
            var information = stat()
            guard stat(path, &information) == 0 else { return nil }
            device = UInt(information.st_dev)
            inode = UInt(information.st_ino)
            bytes = Int(information.st_size)
            changedSeconds = Int(information.st_mtim.tv_sec)
            changedNanoseconds = Int(information.st_mtim.tv_nsec)
        }
    }

    private struct Made {
        let stamps: [Stamp?]
        let context: NIOSSLContext
    }

    private static let fileBytesMax = 4 << 20

    private let setting: DialTLS
    private let made = Mutex<Made?>(nil)

    /// Contexts of a setting.
    init(_ setting: DialTLS) { self.setting = setting }

    /// The context for a connection that is made now.
    func context() throws(NetworkError) -> NIOSSLContext {
        let stamps = [setting.authorities, setting.certificate, setting.key].map { $0.flatMap(Stamp.init) }
        if let context = made.withLock({ $0?.stamps == stamps ? $0?.context : nil }) { return context }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = setting.isModernOnly ? .tlsv13 : .tlsv12
        configuration.certificateVerification = setting.verifies ? .fullVerification : .none
        configuration.shutdownTimeout = .milliseconds(Int64(SocketWatch.lingerMs))
        if let path = setting.authorities { configuration.trustRoots = .certificates(try certificates(path, "tls.ca")) }
        if let path = setting.certificate, let keyPath = setting.key {
            configuration.certificateChain = try certificates(path, "tls.certificate").map { .certificate($0) }
            configuration.privateKey = .privateKey(try key(keyPath))
        }
        let context: NIOSSLContext
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw NetworkError(.unusableFile, "TLS cannot be set up: \(TLSFault.words(error))")
        }
        made.withLock { $0 = Made(stamps: stamps, context: context) }
        return context
    }

    private func certificates(_ path: String, _ option: String) throws(NetworkError) -> [NIOSSLCertificate] {
        let bytes = try read(path, option)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw NetworkError(.unusableFile, "`\(path)` (`\(option)`) holds no certificate in PEM form")
        }
        return certificates
    }

    private func key(_ path: String) throws(NetworkError) -> NIOSSLPrivateKey {
        let bytes = try read(path, "tls.key")
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw NetworkError(.unusableFile, "`\(path)` (`tls.key`) holds no private key in PEM form without password")
        }
        return key
    }

    private func read(_ path: String, _ option: String) throws(NetworkError) -> [UInt8] {
        do {
            return try SmallFile.read(path, bytesMax: Self.fileBytesMax)
        } catch {
            throw NetworkError(.unusableFile, "\(error.message) (`\(option)`)")
        }
    }
}
