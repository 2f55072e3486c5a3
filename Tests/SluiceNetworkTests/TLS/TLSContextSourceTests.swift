import Logging
import SluiceComponent
import SluiceConfig
import Testing

@testable import SluiceNetwork

struct TLSContextSourceTests {
    private static let second: Int64 = 1_000_000_000

    private let certificates: TestCertificates
    private let seen = Monitor(RunningServer.Seen())

    init() {
        certificates = TestCertificates()
        certificates.make("server", common: "server", names: "DNS:localhost")
    }

    private func source() throws -> TLSContextSource {
        try TLSContextSource(
            try certificates.setting(), log: Logger(label: "test", factory: { [seen] _ in SeenLog(seen: seen) }), at: 0)
    }

    private var log: [String] { seen.withLock { $0.log } }

    /// Replaces certificate and key, as a program does that renews them.
    private func renew() {
        certificates.make("renewed", common: "renewed", names: "DNS:localhost")
        certificates.folder.move("renewed.pem", to: "server.pem")
        certificates.folder.move("renewed.key", to: "server.key")
    }

    @Test func `files that did not change are not read again`() throws {
        let source = try source()
        let first = source.context
        for time in [0, 1, Self.second, 5 * Self.second] { #expect(source.current(at: time) === first) }
        #expect(log.isEmpty)
    }

    @Test func `changed files are read again, looked at once a second`() throws {
        let source = try source()
        let first = source.context
        renew()
        #expect(source.current(at: Self.second - 1) === first)
        let second = source.current(at: Self.second)
        #expect(second !== first)
        #expect(source.current(at: 2 * Self.second) === second)
        #expect(log == ["info: the certificate in `\(certificates.folder.path)/server.pem` was read again"])
    }

    @Test func `a certificate whose key is not there yet waits for it without a word`() throws {
        let source = try source()
        let first = source.context
        certificates.make("renewed", common: "renewed")
        certificates.folder.move("renewed.pem", to: "server.pem")
        #expect(source.current(at: Self.second) === first)
        certificates.folder.move("renewed.key", to: "server.key")
        #expect(source.current(at: 2 * Self.second) !== first)
        #expect(log.count { $0.hasPrefix("error") } == 0)
    }

    @Test func `files that cannot be used leave the old certificate, and are told of once`() throws {
        let source = try source()
        let first = source.context
        certificates.folder.write("server.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n")
        for time in 1...5 { #expect(source.current(at: Int64(time) * Self.second) === first) }
        let path = "\(certificates.folder.path)/server.pem"
        let error =
            "error: the changed certificate is not used, the old one goes on: `\(path)` (`tls.certificate`) holds no certificate in PEM form "
            + "(`-----BEGIN CERTIFICATE-----`)"
        #expect(log == [error])
        // Other files that cannot be used are news.
        certificates.folder.write("server.pem", "")
        for time in 6...9 { #expect(source.current(at: Int64(time) * Self.second) === first) }
        #expect(log == [error, error])
        renew()
        #expect(source.current(at: 10 * Self.second) !== first)
    }

    @Test func `a file that is gone leaves the old certificate`() throws {
        let source = try source()
        let first = source.context
        certificates.folder.move("server.key", to: "elsewhere")
        for time in 1...3 { #expect(source.current(at: Int64(time) * Self.second) === first) }
        #expect(
            log == [
                "error: the changed certificate is not used, the old one goes on: cannot read `\(certificates.folder.path)/server.key`: No such file or directory (`tls.key`)"
            ])
    }

    @Test func `a renewed certificate is shown to those who connect then`() throws {
        let server = try certificates.server()
        let before = try TLSTestClient(certificates, port: server.port)
        #expect(before.serverNames == ["localhost", "server"])
        renew()
        let end = RunningServer.deadline()
        while try TLSTestClient(certificates, port: server.port).serverNames != ["localhost", "renewed"] {
            try #require(MonotonicClock.now < end, "the new certificate was not shown")
            _ = server.stop.wait(nanoseconds: 100_000_000)
        }
        try before.send("still here\n")
        #expect(server.wait { $0.received[1] == "still here\n" ? true : nil } == true)
        #expect(server.end())
    }

    private func refusal(_ tls: [(key: String, value: OptionValues.Value)] = []) -> NetworkError? {
        do {
            try certificates.server(tls).end()
            return nil
        } catch {
            return error as? NetworkError
        }
    }

    @Test func `an encrypted key is an error that says what to do`() {
        let folder = certificates.folder
        for arguments in [["pkcs8", "-topk8", "-v2", "aes-256-cbc"], ["ec", "-aes256"]] {
            folder.openssl(arguments + ["-in", "server.key", "-out", "locked.key", "-passout", "pass:secret"])
            #expect(
                refusal([("key", .text("locked.key"))])
                    == NetworkError(
                        .unusableFile,
                        "the key in `\(folder.path)/locked.key` (`tls.key`) is encrypted; sluice needs one without passphrase, in a file that only "
                            + "its user can read: `openssl pkey -in \(folder.path)/locked.key -out NEW`"))
        }
    }

    @Test func `files that cannot be used are errors that name them`() {
        let folder = certificates.folder
        folder.write("empty.pem", "")
        certificates.make("other", common: "other")
        #expect(
            refusal([("key", .text("other.key"))])
                == NetworkError(
                    .unusableFile,
                    "the key in `\(folder.path)/other.key` (`tls.key`) does not belong to the certificate in `\(folder.path)/server.pem`"))
        #expect(
            refusal([("key", .text("none.key"))])
                == NetworkError(.unusableFile, "cannot read `\(folder.path)/none.key`: No such file or directory (`tls.key`)"))
        #expect(
            refusal([("key", .text("server.pem"))])
                == NetworkError(
                    .unusableFile,
                    "`\(folder.path)/server.pem` (`tls.key`) holds no private key in PEM form (`-----BEGIN PRIVATE KEY-----`)"))
        #expect(
            refusal([("client_ca", .text("empty.pem"))])
                == NetworkError(
                    .unusableFile,
                    "`\(folder.path)/empty.pem` (`tls.client_ca`) holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)"))
    }

    @Test func `an expired certificate of our own is told of`() throws {
        certificates.make("server", common: "localhost", from: "20200101000000Z", to: "20210203000000Z")
        let server = try certificates.server()
        #expect(
            server.says(
                "warning: the certificate in `\(certificates.folder.path)/server.pem` expired on 2021-02-03: clients that look will not connect"
            ))
        #expect(server.end())
    }
}
