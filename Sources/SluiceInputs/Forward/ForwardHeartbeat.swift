import Logging
import NIOCore
import NIOPosix
import SluiceNetwork

/// Answers the heartbeats that old versions of Fluentd send as datagrams to the port of their messages: a byte for each, so that nobody is
/// answered with more than was sent.
final class ForwardHeartbeat: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let access: AccessList

    private init(_ access: AccessList) { self.access = access }

    /// Listens beside each address of a server that has a port; what cannot be had is told to the log and left.
    static func start(beside addresses: [NetworkAddress], _ access: AccessList, on loop: any EventLoop, log: Logger) {
        for address in addresses {
            guard let host = address.host, let port = address.port else { continue }
            let handler = NIOLoopBound(ForwardHeartbeat(access), eventLoop: loop)
            let opening = DatagramBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
                }
                .bind(host: host, port: port)
            opening.assumeIsolated().whenFailure { error in
                let reason = (error as? IOError).map { NetworkError.text(of: $0.errnoCode) } ?? "\(error)"
                log.error("cannot answer heartbeats on udp://\(host):\(port): \(reason)")
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let sender = Self.unwrapInboundIn(data).remoteAddress
        guard access.allows(sender.withSockAddr { pointer, _ in IPAddress(pointer) }) else { return }
        let answer = AddressedEnvelope(remoteAddress: sender, data: ByteBuffer(bytes: [0]))
        context.writeAndFlush(Self.wrapOutboundOut(answer), promise: nil)
    }
}
