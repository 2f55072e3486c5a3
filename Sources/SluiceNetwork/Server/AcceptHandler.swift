import Glibc
import Logging
import NIOCore

/// Takes connections from a listening socket to the server, and keeps the socket alive when the system cannot give any.
final class AcceptHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let listener: Listener
    private var pause = AcceptPause()

    init(_ listener: Listener) { self.listener = listener }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = unwrapInboundIn(data)
        if pause.succeeded() { listener.log.info("\(listener.socket.address.text) accepts connections again") }
        if listener.accepted(channel) {
            context.fireChannelRead(data)
        } else {
            channel.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let number = (error as? IOError)?.errnoCode, number != ECONNABORTED else { return }
        // What else there is ends the channel; the listener opens another one.
        guard [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(number) else { return }
        let (milliseconds, isNews) = pause.failed()
        if isNews {
            let advice = number == EMFILE ? "; raise the limit of open files (`LimitNOFILE=` in the service's unit)" : ""
            listener.log.error(
                "\(listener.socket.address.text) cannot accept connections: \(NetworkError.text(of: number)); new ones wait\(advice)")
        }
        // Without reading the loop is not told of the socket, which would be all the time now.
        guard let options = context.channel.syncOptions, (try? options.setOption(.autoRead, value: false)) != nil else { return }
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
            try? options.setOption(.autoRead, value: true)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        listener.closed()
        context.fireChannelInactive()
    }
}
