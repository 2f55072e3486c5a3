import NIOCore
import NIOSSL
import NIOTLS
import SluiceComponent

/// Moves bytes between the socket (or TLS) and ``ConnectionTraffic``, and asks the socket what the peer has.
final class TrafficHandler: ChannelInboundHandler, @unchecked Sendable {
    // SAFETY: everything is used on the channel's event loop; other threads only carry the reference there.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let chunkBytesMax = 256 << 10
    private static let askFirstNs: Int64 = 50_000
    private static let askNsMax: Int64 = 5_000_000

    private let traffic: ConnectionTraffic
    private let watch: SocketWatch
    /// What is expected of the peer's certificate; nil without TLS.
    private let trust: DialTrust?
    /// TLS, between this and the socket.
    var tls: NIOSSLClientHandler?
    private var hasHeard = false
    private var context: ChannelHandlerContext?
    /// Bytes that the peer had not acknowledged when the socket was asked last.
    private var unsent = 0
    private var askNs = askFirstNs
    private var isAsking = false
    private var isEnding = false

    init(_ traffic: ConnectionTraffic, _ watch: SocketWatch, trust: DialTrust?) {
        self.traffic = traffic
        self.watch = watch
        self.trust = trust
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        tls = nil
        traffic.over()
    }

    func channelActive(context: ChannelHandlerContext) {
        if trust == nil { traffic.opened() }
        context.fireChannelActive()
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        traffic.over()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if trust == nil, !hasHeard, Self.isAlert(bytes) {
            return fail(NetworkError(.handshake, "the peer speaks TLS on this port; write `tls://` in the address"), context)
        }
        hasHeard = true
        if !isEnding { _ = traffic.received(bytes) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isEnding || traffic.mayRead { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        if context.channel.isWritable { drain() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            // Before TLS 1.3 a server speaks last, when it has looked at everything.
            if tls?.tlsVersion != .tlsv13 { traffic.answered() }
            traffic.opened()
        case ChannelEvent.inputClosed:
            traffic.inputClosed()
            context.close(promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Many peers answer our end of TLS with that of TCP alone, which is no fault any more.
        if isEnding, error as? NIOSSLError == .uncleanShutdown || error is NIOSSLCloseTimedOutError { return watch.closeNow() }
        fail(fault(error), context)
    }

    private func fail(_ fault: NetworkError, _ context: ChannelHandlerContext) {
        traffic.failed(fault)
        watch.abort()
        context.close(promise: nil)
    }

    /// Whether bytes are what a server of TLS answers to something else: a record with an alert (RFC 8446 section 5.1).
    private static func isAlert(_ bytes: ByteBuffer) -> Bool {
        let start = Array(bytes.readableBytesView.prefix(6))
        return start.count == 6 && start[0] == 0x15 && start[1] == 0x03 && start[2] <= 0x04 && start[3] == 0 && start[4] == 2
    }

    // MARK: - What the owner asks for

    /// Hands bytes to the socket as long as it takes them.
    func drain() {
        guard let context, context.channel.isActive else { return }
        var hasWritten = false
        while context.channel.isWritable, let bytes = traffic.nextOutgoing(bytesMax: Self.chunkBytesMax) {
            let count = bytes.readableBytes
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.whenComplete { [self] result in
                switch result {
                case .success: if traffic.took(count) { ask() }
                case .failure(let error): traffic.failed(fault(error))
                }
            }
            context.write(wrapOutboundOut(bytes), promise: written)
            hasWritten = true
        }
        if hasWritten { context.flush() }
    }

    /// Asks the socket until the peer has everything.
    func ask() {
        guard !isAsking, traffic.isConfirming else { return }
        let socket = watch.socket
        if socket.unsent == 0, socket.isWhole {
            askNs = Self.askFirstNs
            unsent = 0
            return traffic.confirmed(all: true)
        }
        if socket.unsent != unsent {
            unsent = socket.unsent
            askNs = Self.askFirstNs
            traffic.confirmed(all: false)
        }
        guard let context else { return }
        isAsking = true
        context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(askNs)) { [self] in
            isAsking = false
            ask()
        }
        askNs = min(askNs * 2, Self.askNsMax)
    }

    /// The owner has room for more.
    func resumeReading() { context?.read() }

    /// Ends the connection: in order, or at once.
    func end(isAborted: Bool) {
        isEnding = true
        if isAborted { watch.abort() }
        guard let context else { return }
        context.close(promise: nil)
        context.read()
    }

    /// What an error of the loop says.
    private func fault(_ error: any Error) -> NetworkError {
        switch error {
        case is IOError, is ChannelError: Self.fault(error)
        default: NetworkError(.handshake, TLSFailure.ofServer(error, certificate: tls?.peerCertificate, trust))
        }
    }

    /// The same of one that comes before there is a connection.
    static func fault(_ error: any Error) -> NetworkError {
        switch error {
        case let error as IOError:
            NetworkError(.closed, "the connection broke: \(NetworkError.text(of: error.errnoCode))")
        case is ChannelError: NetworkError(.closed, "the connection is closed")
        default: NetworkError(.handshake, TLSFailure.ofServer(error))
        }
    }
}
