import Logging
import NIOCore
import SluiceComponent
import SluiceNetwork

/// All connections of a `sluice` input on their event loop: what is known of senders, and the way of frames to the feeder and of
/// acknowledgements back.
final class TransferReception: LoopReception {
    /// Every second connections are looked at that have not been sent anything for as long as this: their senders hear that this side
    /// is alive.
    private static let silenceNsMax: Int64 = 10_000_000_000
    private static let lookInterval = TimeAmount.seconds(1)
    /// Time for the last words to senders.
    private static let farewell = TimeAmount.milliseconds(500)

    let setting: SluiceInputSetting
    let session: any InputSession
    private let loop: any EventLoop
    private let feeder: TransferFeeder
    private var senders = TransferSenders()
    private var connections: [UInt64: TransferConnection] = [:]
    private var server: StreamServer?
    private var notices = NoticeRate()
    private var isPaused = false
    private var isStopping = false

    /// A reception that does not listen yet.
    init(_ setting: SluiceInputSetting, session: any InputSession, loop: any EventLoop) {
        self.setting = setting
        self.session = session
        self.loop = loop
        feeder = TransferFeeder(session)
    }

    /// Binds all addresses and takes connections from now on.
    func start() throws(NetworkError) {
        let known = TransferPosition.known(in: session.positions)
        for each in known { senders.restore(each.identity, received: each.sequence, lastSeen: each.lastSeen) }
        let server = StreamServer(
            setting.listen, loop: loop, log: session.log, observe: { [session] event in event.count(session.count) },
            configure: { [unowned self] channel, info in
                try channel.pipeline.syncOperations.addHandler(TransferConnection(info, self))
            })
        try server.start()
        self.server = server
        session.count(.opened, server.addresses.count)
        let here = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        feeder.start(
            known.map { ($0.identity, $0.sequence) },
            on: TransferFeeder.Listener(
                execute: { body in loop.execute(body) }, confirmed: { here.value.confirmed($0) }, drained: { here.value.setPaused(false) }))
        schedulePing()
    }

    /// Seconds since 1970 UTC.
    private var now: Int64 { session.now / 1_000_000_000 }

    // MARK: - Connections

    /// A connection stands.
    func opened(_ connection: TransferConnection) { connections[connection.info.id] = connection }

    /// A connection is gone.
    func closed(_ connection: TransferConnection) {
        connections[connection.info.id] = nil
        if let identity = connection.receiver.identity { senders.closed(identity, connection: connection.info.id, now: now) }
    }

    /// Bytes came.
    func received(_ bytes: UnsafeRawBufferPointer, by connection: TransferConnection) {
        guard !isStopping else { return }
        perform(connection.receiver.received(bytes, senders: &senders, now: now), on: connection)
        // A new sender is welcomed all the same: it has to hear that this side is there.
        if isPaused, connection.receiver.identity != nil { connection.setReading(false) }
    }

    private func perform(_ actions: [TransferReceiver.Action], on connection: TransferConnection) {
        for action in actions {
            switch action {
            case .send(let bytes): connection.send(bytes)
            case .deliver(let identity, let data, let isRepeated): deliver(data, isRepeated, of: identity, on: connection)
            case .supersede(let number): supersede(number)
            case .forget(let identities): feeder.forget(identities)
            case .close(let error):
                if let error { tell(error, of: connection) }
                connection.close()
            }
        }
    }

    private func deliver(
        _ data: TransferFrame.Data, _ isRepeated: Bool, of identity: TransferIdentity, on connection: TransferConnection
    ) {
        connection.info.frameEnded()
        let position = TransferPosition(identity: identity, sequence: data.sequence, lastSeen: now)
        let frame = TransferFeeder.Frame(data: data, isRepeated: isRepeated, position: position, peer: connection.peerText)
        if feeder.add(frame) { setPaused(true) }
    }

    private func supersede(_ number: UInt64) {
        guard let old = connections[number] else { return }
        perform(old.receiver.end(TransferError(.superseded, "the sender has connected anew")), on: old)
    }

    /// While the feeder has enough to do nothing is read.
    private func setPaused(_ isPaused: Bool) {
        guard isPaused != self.isPaused, !isStopping else { return }
        self.isPaused = isPaused
        for connection in connections.values where connection.receiver.identity != nil { connection.setReading(!isPaused) }
    }

    private func tell(_ error: TransferError, of connection: TransferConnection) {
        switch error.code {
        case .token: session.count(.authenticationFailures, 1)
        case .foreign: session.count(.foreignProtocols, 1)
        case .superseded, .ending: return session.log.debug("\(connection.description) closed: \(error.message)")
        default: session.count(.connectionsBroken, 1)
        }
        let (isShown, hidden) = notices.take(at: MonotonicClock.now)
        if hidden > 0 { session.log.warning("\(hidden) more connections were closed with an error") }
        if isShown { session.log.warning("\(connection.description) closed: \(error.message)") }
    }

    // MARK: - Acknowledgements and signs of life

    /// Frames are delivered.
    private func confirmed(_ sequences: [TransferIdentity: UInt64]) {
        for (identity, sequence) in sequences {
            guard let number = senders.confirmed(identity, through: sequence), let connection = connections[number] else { continue }
            connection.send(TransferFrame.acknowledged(sequence).bytes)
        }
    }

    private func schedulePing() {
        loop.assumeIsolated().scheduleTask(in: Self.lookInterval) { [weak self] in
            guard let self, !isStopping else { return }
            let silentSince = MonotonicClock.now - Self.silenceNsMax
            for connection in connections.values where connection.receiver.identity != nil && connection.sentAt <= silentSince {
                connection.send(TransferFrame.ping.bytes)
            }
            schedulePing()
        }
    }

    // MARK: - The end

    /// Takes nothing more, waits a moment until what was taken is delivered, acknowledges it and says goodbye.
    func stop() -> EventLoopFuture<Void> {
        guard let server else { return loop.makeSucceededVoidFuture() }
        isStopping = true
        server.stopAccepting()
        for connection in connections.values { connection.setReading(false) }
        let promise = loop.makePromise(of: Void.self)
        let here = NIOLoopBound(self, eventLoop: loop)
        feeder.end { here.value.sayGoodbye(promise) }
        return promise.futureResult
    }

    private func sayGoodbye(_ promise: EventLoopPromise<Void>) {
        for connection in connections.values {
            perform(connection.receiver.end(TransferError(.ending, "the receiver ends; it may be back soon")), on: connection)
        }
        let pause = connections.isEmpty ? TimeAmount.zero : Self.farewell
        awaitFarewells(until: .now() + pause, promise)
    }

    /// Connections close when their last words are out; those that nobody reads are closed by the server.
    private func awaitFarewells(until deadline: NIODeadline, _ promise: EventLoopPromise<Void>) {
        guard connections.isEmpty || NIODeadline.now() >= deadline, let server else {
            loop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { self.awaitFarewells(until: deadline, promise) }
            return
        }
        server.closeAll().cascade(to: promise)
    }

    func close() { feeder.fallSilent() }

    /// Behind the end of the loop.
    func finish() { feeder.join() }
}
