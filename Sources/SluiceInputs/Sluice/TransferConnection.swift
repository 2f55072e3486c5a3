import NIOCore
import SluiceComponent
import SluiceNetwork

/// One sender's connection, on the event loop.
final class TransferConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let info: ConnectionInfo
    var receiver: TransferReceiver
    /// Where the sender is, for events that know no peer of their own.
    let peerText: String?
    private let reception: TransferReception
    private var context: ChannelHandlerContext?
    /// When something was last sent, by the monotonic clock.
    private(set) var sentAt = MonotonicClock.now
    private var isClosing = false

    /// The handler of a new connection.
    init(_ info: ConnectionInfo, _ reception: TransferReception) {
        self.info = info
        self.reception = reception
        peerText = info.peer?.text
        receiver = TransferReceiver(
            connection: info.id, token: reception.setting.token, payloadBytesMax: reception.setting.payloadBytesMax)
    }

    /// For the log: who it is, by the name that the sender gave itself too.
    var description: String {
        let name = receiver.name.isEmpty ? "" : " (`\(receiver.name)`)"
        return "connection of \(info.peerText)\(name) at \(info.listener.text)"
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        reception.closed(self)
    }

    func channelActive(context: ChannelHandlerContext) {
        // A hello is due at once.
        info.isMidFrame = true
        reception.opened(self)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { reception.received($0, by: self) }
        info.isMidFrame = receiver.isInFrame || receiver.identity == nil
    }

    /// Sends bytes.
    func send(_ bytes: [UInt8]) {
        guard let context, !isClosing else { return }
        sentAt = MonotonicClock.now
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    /// Closes when what was sent is out; when nobody reads that, `stall_timeout` ends it.
    func close() {
        guard let context, !isClosing else { return }
        isClosing = true
        info.isMidFrame = true
        setReading(false)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in channel.close(promise: nil) }
    }

    /// Whether the peer's bytes are read.
    func setReading(_ isOn: Bool) {
        // What a closing connection still has to send is its peer's to read.
        info.isHeldUp = !isOn && !isClosing
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn && !isClosing)
    }
}
