import NIOCore
import NIOHTTP1
import SluiceComponent
import SluiceNetwork

/// One connection of an `http` input, on the event loop. Requests come one at a time: the pipeline holds back those that were sent ahead.
///
/// ```
///           head, taken        end            delivered
///   idle ─────────────► reading ─► delivering ─────────► answering ──► idle
///    │ head, refused       │ too large, too slow             ▲   │ last
///    └────► discarding ────┼─────────────────────────────────┘   ▼
///              │ end ──────┘                                  lingering ──► closed
/// ```
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case reading(HTTPRequestCheck.Accepted, ByteBuffer)
        /// The answer is known; the rest of the body is thrown away.
        case discarding(HTTPAnswer, left: Int)
        case delivering(held: Int)
        /// Whatever comes is thrown away until the peer has read the answer and closes.
        case lingering
        case closed
    }

    /// After so many bytes a body has its time anew.
    private static let progressBytes = 64 << 10
    /// How long and how much of a peer that was sent away is still read, so that it can read why.
    private static let lingering = TimeAmount.seconds(2)
    private static let lingeringBytesMax = 4 << 20

    let info: ConnectionInfo
    /// Who sends.
    let sender: EventSender
    private let reception: HTTPReception
    private var context: ChannelHandlerContext?
    private var state = State.idle
    /// Counts requests, so that a late answer finds no other one.
    private var request = 0
    private var isKeptAlive = true
    private var isHeadOnly = false
    private var deadline: Scheduled<Void>?
    private var progress = 0
    private var lingered = 0

    /// The handler of a new connection.
    init(_ info: ConnectionInfo, _ reception: HTTPReception) {
        self.info = info
        self.reception = reception
        sender = EventSender(address: info.peer, credentials: info.credentials, certificateName: info.certificateNames.first)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        reception.opened(self)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        leaveState()
        state = .closed
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        reception.closed(self)
    }

    /// Whether a request's head may be under way.
    var isIdle: Bool { if case .idle = state { true } else { false } }

    // MARK: - Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let bytes): take(bytes)
        case .end: end()
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        guard case .idle = state else { return }
        info.isMidFrame = false
        request += 1
        isKeptAlive = head.isKeepAlive && !reception.isStopping
        isHeadOnly = head.method == .HEAD
        progress = 0
        expectBody()
        switch reception.check.look(head) {
        case .answer(let answer): discard(answer, head)
        case .read(let accepted):
            if let refusal = reception.refusal { return discard(refusal, head) }
            state = .reading(accepted, ByteBuffer())
            if accepted.expectsContinue { tellToContinue(head) }
        }
    }

    /// A body that nobody wants is read all the same, when it is not too long, because its sender reads the answer behind it.
    private func discard(_ answer: HTTPAnswer, _ head: HTTPRequestHead) {
        let isAwaited = !head.headers[canonicalForm: "expect"].isEmpty
        if answer.status == .payloadTooLarge || isAwaited { return refuse(answer) }
        state = .discarding(answer, left: reception.setting.bodyBytesMax)
    }

    private func tellToContinue(_ head: HTTPRequestHead) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
    }

    private func take(_ bytes: ByteBuffer) {
        noteProgress(bytes.readableBytes)
        switch state {
        case .reading(let accepted, var body):
            guard body.readableBytes + bytes.readableBytes <= reception.setting.bodyBytesMax else {
                return refuse(reception.check.tooLarge())
            }
            guard reception.canHold(bytes.readableBytes) else { return refuse(HTTPReception.busy) }
            reception.hold(bytes.readableBytes)
            state = .idle  // so that `body` is not copied
            body.writeImmutableBuffer(bytes)
            state = .reading(accepted, body)
        case .discarding(let answer, let left):
            guard bytes.readableBytes <= left else { return refuse(answer) }
            state = .discarding(answer, left: left - bytes.readableBytes)
        case .lingering:
            lingered += bytes.readableBytes
            if lingered > Self.lingeringBytesMax { context?.close(promise: nil) }
        case .idle, .delivering, .closed: break
        }
    }

    private func end() {
        switch state {
        case .reading(let accepted, let body):
            state = .delivering(held: body.readableBytes)
            info.isHeldUp = true
            expect(reception.setting.confirmationNs) {
                $0.answer(
                    .later("the outputs have not taken the records in time; send the request again, some may come twice", isBusy: false))
            }
            reception.deliver(accepted, body, request: request, on: self)
        case .discarding(let answer, _): self.answer(answer)
        case .idle, .delivering, .lingering, .closed: break
        }
    }

    /// How the delivery of a request has ended.
    func deliveryEnded(_ request: Int, _ answer: HTTPAnswer) {
        guard case .delivering = state, request == self.request else { return }
        self.answer(answer)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that goes away in the middle of a request is no other protocol.
        guard let error = error as? HTTPParserError, error != .invalidEOFState else { return context.close(promise: nil) }
        switch state {
        case .idle, .reading, .discarding: break
        case .delivering, .lingering, .closed: return context.close(promise: nil)
        }
        if error == .headerOverflow { return refuse(.refused(.requestHeaderFieldsTooLarge, "the header of the request is too long")) }
        if request == 0 { reception.session.count(.foreignProtocols, 1) }
        refuse(.refused(.badRequest, "this is no HTTP request"))
    }

    // MARK: - Time

    /// The body has to come on: so much of it within `stall_timeout`.
    private func expectBody() {
        expect(reception.setting.listen.limits.stallNs) {
            $0.reception.session.count(.connectionsTimedOut, 1)
            $0.refuse(.refused(.requestTimeout, "the request did not come on in time (`stall_timeout`)"))
        }
    }

    private func noteProgress(_ count: Int) {
        progress += count
        guard progress >= Self.progressBytes else { return }
        progress = 0
        switch state {
        case .reading, .discarding: expectBody()
        case .idle, .delivering, .lingering, .closed: break
        }
    }

    private func expect(_ nanoseconds: Int64, _ late: @escaping (HTTPConnection) -> Void) {
        deadline?.cancel()
        guard let context else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(nanoseconds)) { [weak self] in
            if let self { late(self) }
        }
    }

    // MARK: - Answers

    /// Answers a request that has come whole.
    private func answer(_ answer: HTTPAnswer) {
        let isLast = !isKeptAlive || reception.isStopping
        write(answer, isLast: isLast)
        if isLast { linger() }
    }

    /// Answers a request that is not read to its end: nothing more can come on this connection.
    private func refuse(_ answer: HTTPAnswer) {
        write(answer, isLast: true)
        linger()
    }

    private func write(_ answer: HTTPAnswer, isLast: Bool) {
        deadline?.cancel()
        leaveState()
        info.isHeldUp = false
        // Behind the last part of an answer the pipeline brings the next request at once.
        if isLast { state = .lingering }
        reception.answered(answer, to: self)
        guard let context else { return }
        var head = HTTPResponseHead(version: .http1_1, status: answer.status)
        for (name, value) in answer.headers.sorted(by: { $0.key < $1.key }) { head.headers.add(name: name, value: value) }
        head.headers.add(name: "content-length", value: String(answer.body.utf8.count))
        if isLast { head.headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHeadOnly { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// What the state holds is free.
    private func leaveState() {
        switch state {
        case .reading(_, let body): reception.hold(-body.readableBytes)
        case .delivering(let held): reception.hold(-held)
        case .idle, .discarding, .lingering, .closed: break
        }
        if case .closed = state { return }
        state = .idle
    }

    /// Closing at once would make the system send a reset, and the peer then may not see the answer.
    private func linger() {
        guard let context else { return }
        context.close(mode: .output, promise: nil)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { [weak self] in self?.context?.close(promise: nil) }
    }

    // MARK: - The end

    /// Closes a connection that waits for its next request; others end behind their answer.
    func endWhenIdle() {
        switch state {
        case .idle: context?.close(promise: nil)
        case .reading, .discarding: refuse(.later("the input ends; send the request again", isBusy: false))
        case .delivering, .lingering, .closed: break
        }
    }

    /// What is not delivered by now is told to come again.
    func giveUp() {
        switch state {
        case .delivering: answer(.later("the input ends; send the request again, some of its records may come twice", isBusy: false))
        case .lingering: context?.close(promise: nil)
        case .idle, .reading, .discarding, .closed: context?.close(promise: nil)
        }
    }
}

/// Sees bytes before they are a request: a head that has begun has to come to its end in time.
final class HTTPHeaderWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTPConnection

    /// The watch of a connection.
    init(_ connection: HTTPConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.isIdle { connection.info.isMidFrame = true }
        context.fireChannelRead(data)
    }
}
