import NIOCore
import NIOSSL
import NIOTLS

/// Stands behind TLS until the handshake is done and the client's name is one that is wanted; then the protocol begins.
final class TLSGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let server: StreamServer
    private let connection: ConnectionHandler
    private let tls: NIOSSLServerHandler
    private var isOpen = false

    init(_ server: StreamServer, _ connection: ConnectionHandler, _ tls: NIOSSLServerHandler) {
        self.server = server
        self.connection = connection
        self.tls = tls
    }

    /// The protocol hears of it when it is there.
    func channelActive(context: ChannelHandlerContext) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event, !isOpen {
            isOpen = admitClient() && server.begin(connection, context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What came with the last bytes of a handshake that was refused is for nobody.
        if isOpen { context.fireChannelRead(data) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard isOpen else {
            // Who only looks whether somebody listens says nothing and is no fault.
            if connection.hasHeard {
                connection.tell(.handshakeFailed(TLSFailure.ofClient(error, certificate: tls.peerCertificate, server.setting.tls)))
            }
            return
        }
        switch error {
        // Many close the connection without the farewell of TLS. What was cut off shows in the protocol.
        case NIOSSLError.uncleanShutdown, is NIOSSLCloseTimedOutError: break
        default: connection.tell(.broken(TLSFailure.text(of: error)))
        }
        context.fireErrorCaught(error)
    }

    /// Checks the certificate of a client.
    private func admitClient() -> Bool {
        guard let setting = server.setting.tls, setting.clientCA != nil else { return true }
        guard let certificate = tls.peerCertificate else {
            connection.end(.handshakeFailed("the client showed no certificate, and `tls.client_ca` asks for one"))
            return false
        }
        let names = CertificateNames.all(certificate)
        connection.info.certificateNames = names
        if setting.permittedNames.isEmpty || names.contains(where: { name in setting.permittedNames.contains { $0.matches(name) } }) {
            return true
        }
        let shown = names.isEmpty ? "no name" : names.map { "`\($0)`" }.joined(separator: ", ")
        connection.end(.handshakeFailed("the client's certificate is for \(shown), which `tls.permitted_names` does not name"))
        return false
    }
}
