import NIOCore
import NIOHTTP1
import SluiceComponent

/// One connection to the administration server, on the event loop: collects a request, has it answered on a thread of the pool and
/// writes the answer.
///
/// ```
///  waiting ──head──► reading ──end──► answering ──written──► waiting
///     │                 │ too large, malformed, too slow          │
///     └─────────────────┴──────────────► closed ◄─────────────────┘ `Connection: close`
/// ```
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What all connections of a socket share.
    struct Service: Sendable {
        let routes: AdminRoutes
        let limits: AdminLimits
        let pool: HandlerPool
        let streams: OpenStreams
        let lifetime: ServerLifetime
        /// Who may ask; nil on the control socket, whose mode decides.
        let networkGuard: NetworkGuard?
    }

    private enum State {
        case waiting
        case reading(HTTPRequestHead, [UInt8])
        case answering(isLast: Bool)
        case closed
    }

    private let service: Service
    private var state = State.waiting
    private var deadline: Scheduled<Void>?
    private var stream: AnswerStream?
    private var context: ChannelHandlerContext?

    init(_ service: Service) { self.service = service }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        expect(service.limits.requestNanosecondsMax)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = .closed
        deadline?.cancel()
        stream?.end()
        stream = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .waiting):
            state = .reading(head, [])
            if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > service.limits.bodyBytesMax {
                refuseBody()
            }
        case (.body(let bytes), .reading(let head, var body)):
            guard body.count + bytes.readableBytes <= service.limits.bodyBytesMax else { return refuseBody() }
            state = .waiting  // so that `body` is not copied
            body.append(contentsOf: bytes.readableBytesView)
            state = .reading(head, body)
        case (.end, .reading(let head, let body)):
            deadline?.cancel()
            state = .answering(isLast: !head.isKeepAlive)
            setReading(false)
            answer(head, body)
        // Whoever does not wait for the answer asks again on another connection.
        case (.head, .answering): state = .answering(isLast: true)
        default: break
        }
    }

    /// A peer that is being answered may send what it likes: it stays in the kernel.
    private func setReading(_ isOn: Bool) {
        context?.channel.setOption(.autoRead, value: isOn).whenFailure { _ in }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error, state) {
        case (let error as HTTPParserError, .waiting), (let error as HTTPParserError, .reading):
            let isTooLarge = error == .headerOverflow
            refuse(
                isTooLarge
                    ? .fault("the header of the request is longer than \(service.limits.headerBytesMax) bytes", status: 431)
                    : .fault("this is not an HTTP request", status: 400))
        default: context.close(promise: nil)
        }
    }

    private func refuseBody() {
        refuse(.fault("the body of the request is longer than \(service.limits.bodyBytesMax) bytes", status: 413))
    }

    /// Answers what is not read to its end; nothing more is read from this peer.
    private func refuse(_ response: AdminResponse) {
        deadline?.cancel()
        state = .answering(isLast: true)
        write(response)
    }

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8]) {
        if let refusal = service.networkGuard?.refusal(
            authorization: head.headers.first(name: "authorization"), host: head.headers.first(name: "host"))
        {
            return write(refusal)
        }
        let request = AdminRequest(method: head.method.rawValue, target: head.uri, body: body)
        if request.path == "/healthz", request.method == "GET" { return write(.json("{\"serving\":true}")) }
        switch service.routes.find(request.method, request.path, isNetwork: service.networkGuard != nil) {
        case .failure(let refusal): write(refusal.response)
        case .success(let route): run(route, request)
        }
    }

    private func run(_ route: AdminRoute, _ request: AdminRequest) {
        guard let context else { return }
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        let lifetime = service.lifetime
        let streams = service.streams
        let isTaken = service.pool.run {
            let response = route.handle(request)
            guard case .stream(let body) = response.body else {
                lifetime.execute { connection.value.write(response) }
                return
            }
            let opened = Monitor<AnswerStream??>(nil)
            let isPosted = lifetime.execute {
                let stream = connection.value.startStream(response)
                opened.notify { $0 = .some(stream) }
            }
            guard isPosted, case .some(.some(let stream)) = opened.wait({ $0 }) else { return }
            body(stream)
            streams.remove(stream)
            lifetime.execute { connection.value.endStream() }
        }
        if !isTaken { write(.fault("the service answers too many requests already; try again", status: 503)) }
    }

    // MARK: Writing

    private func write(_ response: AdminResponse) {
        guard let context, case .answering(let isLast) = state, case .bytes(let bytes) = response.body else { return }
        expect(service.limits.writeNanosecondsMax)
        var head = self.head(of: response, isLast: isLast)
        head.headers.add(name: "content-length", value: String(bytes.count))
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        finish()
    }

    /// The end of an answer: the next request may come when the peer has taken all of it.
    private func finish() {
        guard let context else { return }
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { result in connection.value.written(result) }
    }

    private func written(_ result: Result<Void, any Error>) {
        guard let context, case .answering(let isLast) = state else { return }
        guard !isLast, !result.isFailure else { return hangUp(context) }
        state = .waiting
        setReading(true)
        expect(service.limits.requestNanosecondsMax)
    }

    /// Reads on for a moment: a connection that is closed with unread bytes in it may lose the answer on its way.
    private func hangUp(_ context: ChannelHandlerContext) {
        state = .closed
        context.close(mode: .output, promise: nil)
        setReading(true)
        expect(Self.lingerNanosecondsMax)
    }

    private static let lingerNanosecondsMax: Int64 = 1_000_000_000

    private func startStream(_ response: AdminResponse) -> AnswerStream? {
        guard let context, case .answering(let isLast) = state else { return nil }
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        let lifetime = service.lifetime
        let stream = AnswerStream(patienceNanoseconds: service.limits.writeNanosecondsMax) { bytes, finished in
            let isPosted = lifetime.execute { connection.value.writePiece(bytes, finished) }
            if !isPosted { finished(false) }
        }
        guard service.streams.add(stream, max: service.limits.streamsMax) else {
            write(.fault("the service has \(service.limits.streamsMax) streams open already; close one", status: 503))
            return nil
        }
        deadline?.cancel()
        context.writeAndFlush(wrapOutboundOut(.head(head(of: response, isLast: isLast))), promise: nil)
        self.stream = stream
        return stream
    }

    private func writePiece(_ bytes: [UInt8]?, _ finished: @escaping @Sendable (Bool) -> Void) {
        guard let context, case .answering = state else { return finished(false) }
        guard let bytes else {
            context.close(promise: nil)
            return finished(false)
        }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes))))).whenComplete { finished(!$0.isFailure) }
    }

    private func endStream() {
        stream = nil
        if case .answering = state { finish() }
    }

    private func head(of response: AdminResponse, isLast: Bool) -> HTTPResponseHead {
        var headers = HTTPHeaders([
            ("content-type", response.contentType), ("cache-control", "no-store"), ("x-content-type-options", "nosniff"),
        ])
        if isLast { headers.add(name: "connection", value: "close") }
        if !response.allowed.isEmpty { headers.add(name: "allow", value: response.allowed.joined(separator: ", ")) }
        if response.status == 401 { headers.add(name: "www-authenticate", value: "Bearer") }
        return HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
    }

    /// Hangs up unless something happens in time.
    private func expect(_ nanoseconds: Int64) {
        deadline?.cancel()
        guard let context else { return }
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .nanoseconds(nanoseconds)) { connection.value.context?.close(promise: nil) }
    }
}

extension Result {
    fileprivate var isFailure: Bool {
        switch self {
        case .success: false
        case .failure: true
        }
    }
}
