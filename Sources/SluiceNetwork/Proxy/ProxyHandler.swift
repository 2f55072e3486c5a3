import NIOCore

/// Takes the PROXY header off the front of a connection, and out of its way.
final class ProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let server: StreamServer
    private let connection: ConnectionHandler
    private let isTLS: Bool
    private var held = ByteBuffer()
    private var isOver = false

    init(_ server: StreamServer, _ connection: ConnectionHandler, isTLS: Bool) {
        self.server = server
        self.connection = connection
        self.isTLS = isTLS
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        var bytes = unwrapInboundIn(data)
        held.writeBuffer(&bytes)
        switch ProxyHeaderParser.parse(held.readableBytesView) {
        case .incomplete: return
        case .malformed(let reason):
            isOver = true
            connection.end(.refused(.proxyHeader(reason)))
        case .header(let header):
            isOver = true
            held.moveReaderIndex(forwardBy: header.byteCount)
            guard server.identified(connection, header.source) else { return }
            let rest = held
            held = ByteBuffer()
            guard server.proceed(connection, context, isTLS: isTLS) else { return }
            if rest.readableBytes > 0 {
                context.fireChannelRead(wrapInboundOut(rest))
                context.fireChannelReadComplete()
            }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Who only looks whether somebody listens says nothing and is no fault.
        if !isOver, held.readableBytes > 0 { connection.tell(.refused(.proxyHeader("it ended in the middle of it"))) }
        context.fireChannelInactive()
    }
}
