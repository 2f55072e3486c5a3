import CSluice
import NIOCore
import SluiceComponent

/// Stands next to the socket, before TLS: sees how the peer ends the connection, asks what it has acknowledged, and ends our own side so
/// that nothing is lost.
///
/// Closing a socket at once can make the system send a reset, and the peer then throws away what it has not read. So a close first ends
/// our direction and waits for the peer to end its own, for ``lingerMs`` at most.
final class SocketWatch: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Time that the peer has to end its direction after we have ended ours.
    static let lingerMs = 1_000

    private let traffic: ConnectionTraffic
    private var context: ChannelHandlerContext?
    private var isPeerFinished = false
    /// Bytes that the peer had not acknowledged when we ended our direction; nil before that.
    private var unsentAtEnd: Int?
    private var isAborted = false
    /// The peer has reacted to the end of the handshake.
    private var isAnswered = false

    init(_ traffic: ConnectionTraffic) { self.traffic = traffic }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Bytes that the peer has not acknowledged (TCP) or read (Unix), and whether neither side has begun to end the connection.
    var socket: (unsent: Int, isWhole: Bool) {
        let facts = try? context?.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            (Int(sl_socket_unsent($0)), sl_is_established($0))
        }
        return facts ?? (-1, false)
    }

    /// The next close is at once.
    func abort() { isAborted = true }

    /// Closes the socket if the peer has ended its direction, else after the wait for that.
    func closeNow() { if let context { close(context: context, mode: .all, promise: nil) } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return context.fireChannelRead(data) }
        let stood = traffic.hasOpened
        // First TLS has to look at it: it may be a refusal. What else a server sends behind the handshake (a ticket) is consent.
        context.fireChannelRead(data)
        guard stood else { return }
        isAnswered = true
        traffic.answered()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            isPeerFinished = true
            traffic.peerFinished(unsent: socket.unsent)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // With our direction ended, the end of the peer's closes the channel without a word.
        if let unsentAtEnd, !isPeerFinished, !isAborted { traffic.peerFinished(unsent: unsentAtEnd) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isAborted = true
        context.fireErrorCaught(error)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, !isAborted, !isPeerFinished, context.channel.isActive else {
            return context.close(mode: mode, promise: promise)
        }
        if let promise { context.channel.closeFuture.cascade(to: promise) }
        guard unsentAtEnd == nil else { return }
        unsentAtEnd = socket.unsent
        context.close(mode: .output, promise: nil)
        context.read()
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(Self.lingerMs))) { [self] in
            guard let context = self.context else { return }
            // Our own end counts as a byte until it is acknowledged.
            if !isPeerFinished, !isAborted { traffic.unanswered(unsent: socket.unsent) }
            isAborted = true
            context.close(promise: nil)
        }
    }
}
