import Logging
import NIOCore
import SluiceComponent
import SluiceDecoding
import SluiceNetwork

/// One connection of the forward protocol: the handshake where a key is asked for, then messages, whose chunks are acknowledged when
/// their events are delivered.
///
/// ```
///  ┌────────────┐  PING that proves the key  ┌──────┐  refused, or not confirmed  ┌──────┐
///  │ handshake  ├───────────────────────────►│ open ├────────────────────────────►│ over │
///  └─────┬──────┘                            └──────┘                             └──────┘
///        └──────────── anything else ──────────────────────────────────────────────▲
/// ```
final class ForwardConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case handshake(ForwardGatekeeper)
        case open
        /// What comes is not for us any more.
        case over
    }

    private let info: ConnectionInfo
    private let intake: ForwardIntake
    private var phase: Phase
    private var stream: ForwardStream
    /// Bytes that wait for the rest of their message, as the intake has them in its account.
    private var held = 0
    private var owed = ForwardAcknowledgements()
    private var context: ChannelHandlerContext?
    /// Made when the first message comes: only then the names of a certificate are known.
    private lazy var sender = EventSender(
        address: info.peer, credentials: info.credentials, certificateName: info.certificateNames.first)

    /// The handler of a connection.
    init(_ info: ConnectionInfo, _ intake: ForwardIntake) {
        self.info = info
        self.intake = intake
        if let secret = intake.secret {
            phase = .handshake(ForwardGatekeeper(secret, users: intake.setting.users))
            stream = ForwardStream(bytesMax: ForwardGatekeeper.answerBytesMax)
        } else {
            phase = .open
            stream = ForwardStream(bytesMax: intake.setting.chunkBytesMax)
        }
    }

    // MARK: - What the channel tells

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        if case .handshake(let gatekeeper) = phase {
            // Who is greeted has to answer in time.
            info.isMidFrame = true
            write(gatekeeper.greeting, context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .over = phase { return }
        self.context = context
        let buffer = Self.unwrapInboundIn(data)
        var refusal: ForwardRefusal?
        intake.heard(buffer.readableBytes, stream: info.id)
        buffer.withUnsafeReadableBytes { bytes in
            do throws(ForwardRefusal) {
                try stream.received(bytes) { message throws(ForwardRefusal) in try self.take(message, context) }
                let more = stream.waiting - held
                held += more
                try intake.hold(more)
            } catch {
                refusal = error
            }
        }
        if let refusal { return end(refusal, context) }
        switch phase {
        case .handshake: info.isMidFrame = true
        case .open: info.isMidFrame = stream.waiting > 0
        case .over: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        letGo()
        phase = .over
        self.context = nil
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // Who does not read its acknowledgements is not read from: they must not pile up here.
        context.channel.setOption(.autoRead, value: context.channel.isWritable).assumeIsolated().whenFailure { _ in
            context.close(promise: nil)
        }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Counted and told by the server.
        context.close(promise: nil)
    }

    // MARK: - Messages

    /// Takes a whole message; answers how many bytes the next one may have.
    private func take(_ bytes: UnsafeRawBufferPointer, _ context: ChannelHandlerContext) throws(ForwardRefusal) -> Int {
        info.frameEnded()
        switch phase {
        case .over: break
        case .handshake(let gatekeeper): try takeAnswer(bytes, gatekeeper, context)
        case .open: try takeMessage(bytes, context)
        }
        return intake.setting.chunkBytesMax
    }

    private func takeAnswer(
        _ bytes: UnsafeRawBufferPointer, _ gatekeeper: ForwardGatekeeper, _ context: ChannelHandlerContext
    ) throws(ForwardRefusal) {
        switch gatekeeper.look(Array(bytes)) {
        case .welcome(let answer):
            phase = .open
            write(answer, context)
        case .refused(let answer, let reason):
            write(answer, context)
            throw ForwardRefusal(kind: .authentication, reason: reason)
        }
    }

    private func takeMessage(_ bytes: UnsafeRawBufferPointer, _ context: ChannelHandlerContext) throws(ForwardRefusal) {
        let parsed: ForwardMessage?
        do throws(ForwardMessage.Fault) {
            parsed = try ForwardMessage.parse(bytes)
        } catch {
            throw .chunk("a message is none of the forward protocol: \(error.reason)")
        }
        guard let message = parsed else { return }
        guard try intake.take(message, of: bytes, from: sender, stream: info.id) else {
            // The input ends before all was taken: the sender keeps it.
            phase = .over
            return context.close(promise: nil)
        }
        guard let chunk = message.chunk else { return }
        owed.add(chunk, turn: intake.turn)
        info.isHeldUp = true
        intake.owes(self)
    }

    /// Everything up to a turn was delivered, or it is not known.
    func confirmed(upTo turn: UInt64, _ isConfirmed: Bool) {
        guard let context else { return }
        guard isConfirmed else {
            letGo()
            phase = .over
            return context.close(promise: nil)
        }
        let answers = owed.confirmed(upTo: turn)
        info.isHeldUp = owed.count > 0
        if !answers.isEmpty { write(answers, context) }
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(Self.wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    /// Tells why the connection ends, and ends it.
    private func end(_ refusal: ForwardRefusal, _ context: ChannelHandlerContext) {
        letGo()
        phase = .over
        intake.tell(refusal, of: info)
        context.close(promise: nil)
    }

    /// What waited for the rest of its message waits no more.
    private func letGo() {
        intake.letGo(held)
        held = 0
    }
}
