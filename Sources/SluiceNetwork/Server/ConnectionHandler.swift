import NIOCore

/// The first handler of every connection: knows what the server knows of it, and tells the server of its end.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// How far a connection has come.
    enum Phase: Equatable {
        case proxyHeader, handshake, open
    }

    let info: ConnectionInfo
    /// Where it stands among the server's connections.
    var index = 0
    private(set) var phase = Phase.open
    /// When the phase began, in the server's time.
    private(set) var phaseBegan: Int64 = 0
    /// Whether any byte has come.
    private(set) var hasHeard = false
    /// Whether it counts among those of its peer.
    var isCountedForPeer = false
    private let server: StreamServer
    private var context: ChannelHandlerContext?
    private var isToldOf = false

    init(_ info: ConnectionInfo, server: StreamServer) {
        self.info = info
        self.server = server
    }

    /// A phase begins.
    func enter(_ phase: Phase, at time: Int64) {
        self.phase = phase
        phaseBegan = time
        if phase == .open { info.heard() }
    }

    /// Tells of what ends the connection, once, and ends it. Nothing waits: no farewell of TLS, no bytes that are still to be written.
    func end(_ event: ConnectionEvent?) {
        if let event { tell(event) }
        guard let context else { return }
        context.close(mode: .all, promise: nil)
    }

    /// Tells why the connection ends, unless that was told.
    func tell(_ event: ConnectionEvent) {
        guard !isToldOf else { return }
        isToldOf = true
        server.tell(event, of: info)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        server.closed(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        info.heard()
        hasHeard = true
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        tell(.broken((error as? IOError).map { NetworkError.text(of: $0.errnoCode) } ?? "\(error)"))
        context.fireErrorCaught(error)
    }
}
