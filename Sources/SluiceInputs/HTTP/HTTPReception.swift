import Logging
import NIOCore
import NIOHTTP1
import SluiceComponent
import SluiceNetwork

/// All connections of an `http` input on their event loop, and what they share: the bytes that may be held, and the way of bodies to
/// the delivery and of answers back.
final class HTTPReception: LoopReception {
    /// To those who come while lanes are busy.
    static let busy = HTTPAnswer.later("the outputs are slow; send the request again later, nothing of it was taken", isBusy: true)
    /// Bodies that may be held for all requests together, as a multiple of the longest.
    private static let bodiesMax = 4
    private static let headerBytesMax = 32 << 10
    /// Time for the last answers.
    private static let farewell = TimeAmount.milliseconds(500)

    let setting: HTTPInputSetting
    let session: any InputSession
    let check: HTTPRequestCheck
    private let loop: any EventLoop
    private let delivery: HTTPDelivery
    private lazy var door = LoopDoor(self, loop)
    private var connections: [UInt64: HTTPConnection] = [:]
    private var server: StreamServer?
    private var notices = NoticeRate()
    private var heldBytes = 0
    private(set) var isStopping = false

    /// A reception that does not listen yet.
    init(_ setting: HTTPInputSetting, session: any InputSession, loop: any EventLoop) {
        self.setting = setting
        self.session = session
        self.loop = loop
        check = HTTPRequestCheck(setting)
        delivery = HTTPDelivery(session, bodyBytesMax: setting.bodyBytesMax)
    }

    /// Binds all addresses and takes connections from now on.
    func start() throws(NetworkError) {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = Self.headerBytesMax
        limits.maxHeaderFieldSize = Self.headerBytesMax
        let server = StreamServer(
            setting.listen, loop: loop, log: session.log, observe: { [session] event in event.count(session.count) },
            configure: { [unowned self, limits] channel, info in
                let connection = HTTPConnection(info, self)
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(HTTPHeaderWatch(connection))
                try pipeline.configureHTTPServerPipeline(
                    withPipeliningAssistance: true, withErrorHandling: false, withEncoderConfiguration: .init(),
                    withDecoderLimitConfiguration: limits)
                try pipeline.addHandler(connection)
            })
        try server.start()
        self.server = server
        session.count(.opened, server.addresses.count)
        delivery.start()
    }

    // MARK: - What connections ask

    /// A connection stands.
    func opened(_ connection: HTTPConnection) { connections[connection.info.id] = connection }

    /// A connection is gone.
    func closed(_ connection: HTTPConnection) { connections[connection.info.id] = nil }

    /// Why no request can be taken now; nil when it can.
    var refusal: HTTPAnswer? {
        if isStopping { return .later("the input ends; send the request again", isBusy: false) }
        return session.isCongested || heldBytes >= Self.bodiesMax * setting.bodyBytesMax ? Self.busy : nil
    }

    /// Bytes of bodies are held, or (negative) not any more.
    func hold(_ bytes: Int) { heldBytes += bytes }

    /// Whether so many more bytes can be held.
    func canHold(_ bytes: Int) -> Bool { heldBytes + bytes <= (Self.bodiesMax + 1) * setting.bodyBytesMax }

    /// Delivers a request; its connection is told the answer, if it is still the one that it waits for.
    func deliver(_ accepted: HTTPRequestCheck.Accepted, _ body: ByteBuffer, request: Int, on connection: HTTPConnection) {
        let id = connection.info.id
        delivery.add(
            HTTPDelivery.Job(accepted: accepted, body: body, sender: connection.sender, stream: id) { [door] answer in
                door.enter { $0.connections[id]?.deliveryEnded(request, answer) }
            })
    }

    /// Counts and tells what was answered.
    func answered(_ answer: HTTPAnswer, to connection: HTTPConnection) {
        guard answer.isRefusal else { return }
        session.count(.requestsRefused, 1)
        session.log.debug("request of \(connection.info.peerText) at \(connection.info.listener.text) refused with \(answer.status.code)")
        guard answer.status == .unauthorized else { return }
        session.count(.authenticationFailures, 1)
        let (isShown, hidden) = notices.take(at: MonotonicClock.now)
        if hidden > 0 { session.log.warning("\(hidden) more requests did not show the token") }
        if isShown {
            session.log.warning("request of \(connection.info.peerText) at \(connection.info.listener.text) does not show the token")
        }
    }

    // MARK: - The end

    /// Takes no more requests, waits a moment until what was taken is delivered, and answers it.
    func stop() -> EventLoopFuture<Void> {
        guard let server else { return loop.makeSucceededVoidFuture() }
        isStopping = true
        server.stopAccepting()
        for connection in connections.values { connection.endWhenIdle() }
        let promise = loop.makePromise(of: Void.self)
        delivery.end { [door] in
            door.enter { $0.sayGoodbye(promise) }
            door.close()
        }
        return promise.futureResult
    }

    private func sayGoodbye(_ promise: EventLoopPromise<Void>) {
        for connection in connections.values { connection.giveUp() }
        awaitFarewells(until: .now() + Self.farewell, promise)
    }

    /// Connections close when their last answers are out; those that nobody reads are closed by the server.
    private func awaitFarewells(until deadline: NIODeadline, _ promise: EventLoopPromise<Void>) {
        guard connections.isEmpty || NIODeadline.now() >= deadline, let server else {
            loop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { self.awaitFarewells(until: deadline, promise) }
            return
        }
        server.closeAll().cascade(to: promise)
    }

    func close() { door.close() }

    /// Behind the end of the loop.
    func finish() { delivery.join() }
}
