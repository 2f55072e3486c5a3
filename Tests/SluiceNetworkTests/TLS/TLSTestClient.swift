import NIOCore
import NIOPosix
import NIOSSL

@testable import SluiceNetwork

/// A client of TLS that waits for the greeting of a `RunningServer`.
final class TLSTestClient {
    /// The names in the server's certificate.
    let serverNames: [String]
    private let channel: any Channel

    struct Silence: Error {}

    /// Connects to a port of this machine and takes the greeting; throws when none comes. `own` names certificate and key of the client.
    init(
        _ certificates: TestCertificates, port: Int, authority: String = "ca", own: String? = nil, latest: TLSVersion = .tlsv13,
        before: String = ""
    ) throws {
        let folder = certificates.folder.path
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.maximumTLSVersion = latest
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile("\(folder)/\(authority).pem"))
        if let own {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile("\(folder)/\(own).pem").map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: "\(folder)/\(own).key", format: .pem))
        }
        let context = try NIOSSLContext(configuration: configuration)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let greeted = loop.makePromise(of: [String].self)
        loop.scheduleTask(in: .seconds(20)) { greeted.fail(Silence()) }
        let connecting = ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(BeforeTLS(before))
                    try pipeline.addHandler(tls)
                    try pipeline.addHandler(GreetingHandler(tls, greeted))
                }
            }
            .connect(host: "127.0.0.1", port: port)
        do {
            channel = try connecting.wait()
            serverNames = try greeted.futureResult.wait()
        } catch {
            greeted.fail(error)
            throw error
        }
    }

    /// Ends the connection without a word.
    func cut() throws {
        let channel = channel
        try channel.eventLoop.submit {
            try channel.pipeline.syncOperations.context(handlerType: BeforeTLS.self).close(promise: nil)
        }.wait()
    }

    func send(_ text: String) throws { try channel.writeAndFlush(ByteBuffer(string: text)).wait() }

    /// Ends the connection as TLS wants it.
    func close() throws { try channel.close().wait() }
}

/// The latest version that a client offers.
enum TLSTestVersion: Sendable, CaseIterable {
    case v12, v13

    var latest: TLSVersion { self == .v12 ? .tlsv12 : .tlsv13 }
}

/// Sends bytes before the handshake, as a proxy does.
private final class BeforeTLS: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let bytes: String

    init(_ bytes: String) { self.bytes = bytes }

    func channelActive(context: ChannelHandlerContext) {
        if !bytes.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: bytes)), promise: nil) }
        context.fireChannelActive()
    }
}

private final class GreetingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    struct Closed: Error {}

    private let tls: NIOSSLClientHandler
    private let greeted: EventLoopPromise<[String]>

    init(_ tls: NIOSSLClientHandler, _ greeted: EventLoopPromise<[String]>) {
        self.tls = tls
        self.greeted = greeted
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard String(buffer: unwrapInboundIn(data)) == "hello\n" else { return greeted.fail(Closed()) }
        greeted.succeed(tls.peerCertificate.map { CertificateNames.all($0) } ?? [])
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        greeted.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { greeted.fail(Closed()) }
}
