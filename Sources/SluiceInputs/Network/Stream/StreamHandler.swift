import Logging
import NIOCore
import SluiceComponent
import SluiceNetwork

/// What a connection's channel tells its stream.
final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let info: ConnectionInfo
    private let reception: StreamReception
    /// Made when the first bytes come: only then the names of a certificate are known.
    private var stream: ReceivedStream?
    /// What comes is not for us any more.
    private var isOver = false
    private var isFlushPlanned = false
    private var readAt = NIODeadline.uptimeNanoseconds(0)

    /// The handler of a connection.
    init(_ info: ConnectionInfo, _ reception: StreamReception) {
        self.info = info
        self.reception = reception
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let buffer = Self.unwrapInboundIn(data)
        guard buffer.readableBytes > 0 else { return }
        reception.heard(buffer.readableBytes)
        if stream == nil { stream = reception.stream(info) }
        guard let outcome = buffer.withUnsafeReadableBytes({ stream?.received($0, by: reception) }) else { return }
        act(on: outcome, context)
        guard !isOver else { return }
        info.isMidFrame = stream?.isMidFrame ?? false
        planFlush(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isOver {
            isOver = true
            if let outcome = stream?.received(UnsafeRawBufferPointer(start: nil, count: 0), isFinal: true, by: reception) {
                act(on: outcome, context)
            }
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Counted and told by the server.
        context.close(promise: nil)
    }

    private func act(on outcome: ReceivedStream.Outcome, _ context: ChannelHandlerContext) {
        switch outcome {
        case .events(let count): if count > 0 { info.frameEnded() }
        case .foreign(let found):
            isOver = true
            reception.tellForeign(found, info)
            guard let answer = found.answer else { return context.close(promise: nil) }
            context.writeAndFlush(Self.wrapOutboundOut(context.channel.allocator.buffer(string: answer))).assumeIsolated()
                .whenComplete { _ in context.close(promise: nil) }
        case .failed(let failure):
            isOver = true
            reception.session.log.warning("\(info.peerText) at \(info.listener.text): \(failure.message); closed")
            context.close(promise: nil)
        }
    }

    // MARK: - Records that wait for their last line

    private static let openFrameIdle = TimeAmount.nanoseconds(PipeStream.openFrameIdleNs)

    private func planFlush(_ context: ChannelHandlerContext) {
        guard stream?.hasOpenFrame ?? false else { return }
        readAt = .now()
        guard !isFlushPlanned else { return }
        isFlushPlanned = true
        planFlush(at: readAt + Self.openFrameIdle, context)
    }

    private func planFlush(at time: NIODeadline, _ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(deadline: time) {
            let due = self.readAt + Self.openFrameIdle
            guard NIODeadline.now() >= due else { return self.planFlush(at: due, context) }
            self.isFlushPlanned = false
            guard !self.isOver, let outcome = self.stream?.flush(by: self.reception) else { return }
            self.act(on: outcome, context)
            self.info.isMidFrame = self.stream?.isMidFrame ?? false
        }
    }
}
