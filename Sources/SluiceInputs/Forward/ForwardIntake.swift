import Logging
import NIOCore
import SluiceComponent
import SluiceDecoding
import SluiceEvent
import SluiceNetwork

/// What the connections of a `forward` input share: batches, decoder, room for unpacking, and what is owed to senders.
///
/// Everything happens on the input's event loop, which blocks where a batch cannot be handed on: then nothing is read, and senders wait.
final class ForwardIntake {
    let session: any InputSession
    let setting: ForwardSetting
    let secret: ForwardSecret?
    private let loop: any EventLoop
    private let batches: LaneBatches
    private let decoder = ForwardEventDecoder()
    private let inflation: ForwardInflation
    private let rates: PeerRates?
    private var filling = EventFilling(fillsFields: false, zone: .utc)
    private var notices = ForwardNotices()
    /// Bytes of unfinished messages of all connections.
    private var pendingBytes = 0
    private var bytesReceived = 0

    /// The turn of the loop that fills batches now; what is owed is kept by it.
    private(set) var turn: UInt64 = 1
    private var isTurnPlanned = false
    /// Connections that owe acknowledgements for chunks of a turn.
    private var owing: [UInt64: [ForwardConnection]] = [:]
    private lazy var door = LoopDoor(self, loop)

    /// An intake for connections on `loop`.
    init(_ setting: ForwardSetting, session: any InputSession, loop: any EventLoop) {
        self.setting = setting
        self.session = session
        self.loop = loop
        secret = setting.secret.map { secret in
            secret.hostname.isEmpty ? ForwardSecret(sharedKey: secret.sharedKey, hostname: LocalHostName.current) : secret
        }
        batches = LaneBatches(session, areAcknowledged: true)
        inflation = ForwardInflation(bytesMax: setting.inflatedBytesMax)
        rates = setting.listen.rateLimit.map { PeerRates(perSecond: $0) }
    }

    // MARK: - Messages

    /// Takes the events of a whole message in; false when the input has to end and they were not all taken. What is refused is refused
    /// whole, before any event of it was taken.
    func take(
        _ message: ForwardMessage, of bytes: UnsafeRawBufferPointer, from sender: EventSender, stream: UInt64
    ) throws(ForwardRefusal) -> Bool {
        guard message.signal == 0 else {
            refuse(bytes, "`fluent_signal` is \(message.signal) (metrics or traces); the forward input takes logs")
            return true
        }
        let lane = batches.lane(of: stream)
        switch message.entries {
        case .one(let body):
            return take(CollectionOfOne(ForwardEntry(bytes: body, body: 0)), 1, as: message, from: sender, lane)
        case .list(let items, let count): return take(ForwardEntries(items), count, as: message, from: sender, lane)
        case .packed(let stream):
            var isTaken = false
            switch message.compression {
            case .none: isTaken = try take(packed: stream, as: message, from: sender, lane)
            case .gzip, .zstd:
                try inflation.inflate(stream, message.compression) { entries throws(ForwardRefusal) in
                    isTaken = try self.take(packed: entries, as: message, from: sender, lane)
                }
            case .other(let name):
                throw .chunk("a message is compressed with `\(name)`, which is not known; let the sender use gzip or none")
            }
            return isTaken
        }
    }

    private func take(
        packed stream: UnsafeRawBufferPointer, as message: ForwardMessage, from sender: EventSender, _ lane: Int
    ) throws(ForwardRefusal) -> Bool {
        // All of it is looked at before anything of it is sent on: its sender will send it again, whole.
        guard let count = ForwardEntries.count(stream) else { throw .chunk("the events of a message are no MessagePack, or cut off") }
        return take(ForwardEntries(stream), count, as: message, from: sender, lane)
    }

    private func take(
        _ entries: some Sequence<ForwardEntry>, _ count: Int, as message: ForwardMessage, from sender: EventSender, _ lane: Int
    ) -> Bool {
        if let size = message.size, size != count {
            session.log.debug("a message with \(count) events says that it has \(size)")
        }
        var left = rates?.admit(count, of: sender.key, at: MonotonicClock.now) ?? count
        if left < count { session.count(.rateLimited, count - left) }
        var writer = ForwardEventWriter(message.tag, sender)
        for entry in entries {
            guard left > 0 else { break }
            left -= 1
            guard let box = batches.take(lane) else { return false }
            let now = session.now
            let fault = writer.write(entry, to: box.events, serial: batches.serial(lane), received: now, decoder, filling)
            if let fault { refuse(entry.bytes, "\(fault.reason)") }
            if box.events.byteCount >= LaneBatches.bytesMax {
                writer.finish(box.events, &filling)
                _ = batches.sendIfLarge(lane)
            }
        }
        if writer.hasWritten, let box = batches.take(lane) { writer.finish(box.events, &filling) }
        planTurn()
        return true
    }

    /// Bytes of a dead letter at most: metrics are no events, and a letter of a whole chunk of them helps nobody.
    private static let letterBytesMax = 64 << 10

    private func refuse(_ bytes: UnsafeRawBufferPointer, _ reason: String) {
        let kept = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.letterBytesMax))
        let rest = bytes.count - kept.count
        session.refuse(kept, reason: reason + (rest > 0 ? "; \(rest) further bytes were left out" : ""))
        planTurn()
    }

    // MARK: - Turns

    /// A connection owes an acknowledgement for a chunk of this turn.
    func owes(_ connection: ForwardConnection) {
        if owing[turn]?.last !== connection { owing[turn, default: []].append(connection) }
        planTurn()
    }

    /// Sends what has come when this turn of the loop ends.
    private func planTurn() {
        guard !isTurnPlanned else { return }
        isTurnPlanned = true
        loop.assumeIsolated().execute { self.endTurn() }
    }

    private func endTurn() {
        guard isTurnPlanned else { return }
        isTurnPlanned = false
        batches.sendAll()
        guard owing[turn] != nil else { return }
        let ended = turn
        turn += 1
        // Behind the stop nobody may have taken what is owed for.
        guard batches.eventsLost == 0 else { return confirmed(ended, false) }
        session.whenConfirmed { [door] isConfirmed in door.enter { $0.confirmed(ended, isConfirmed) } }
    }

    private func confirmed(_ turn: UInt64, _ isConfirmed: Bool) {
        for connection in owing.removeValue(forKey: turn) ?? [] { connection.confirmed(upTo: turn, isConfirmed) }
    }

    // MARK: - Limits

    /// Bytes came from a connection.
    func heard(_ count: Int, stream: UInt64) {
        bytesReceived &+= count
        batches.received(count, batches.lane(of: stream))
    }

    /// So many bytes more (or fewer) wait for the rest of their message.
    func hold(_ more: Int) throws(ForwardRefusal) {
        pendingBytes += more
        guard more <= 0 || pendingBytes <= setting.pendingBytesMax else {
            throw .chunk(
                "the unfinished messages of all connections have more than \(setting.pendingBytesMax) bytes (four times `max_chunk_size`)")
        }
    }

    /// So many bytes wait no more, because their connection has ended.
    func letGo(_ count: Int) {
        pendingBytes -= count
        if count > 0 { session.count(.bytesLost, count) }
    }

    /// A connection is closed because of what it sent.
    func tell(_ refusal: ForwardRefusal, of info: ConnectionInfo) {
        switch refusal.kind {
        case .chunk: session.count(.chunksRefused, 1)
        case .authentication: session.count(.authenticationFailures, 1)
        case .foreign: session.count(.foreignProtocols, 1)
        }
        guard let hidden = notices.take(refusal.kind, of: info.peer, at: MonotonicClock.now) else { return }
        let more = hidden > 0 ? " (and \(hidden) more times since it was told last)" : ""
        session.log.warning("connection of \(info.peerText) at \(info.listener.text) closed: \(refusal.reason)\(more)")
    }

    // MARK: - The end

    /// Pause in which what the kernel still has of connections is read, and how many of them there are while bytes come.
    private static let drainPause = TimeAmount.milliseconds(20)
    private static let drainTurnsMax = 10
    /// How long what was sent on may take to be confirmed, so that it need not come twice.
    private static let confirmationNsMax: Int64 = 3_000_000_000

    /// Ends everything: reads what has come already, waits a while for what is owed, then calls `close` and lets the last batches go.
    func stop(hasConnections: Bool, _ close: @escaping () -> EventLoopFuture<Void>) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        drain(hasConnections ? Self.drainTurnsMax : 0) {
            self.endTurn()
            self.awaitConfirmations(until: MonotonicClock.now + Self.confirmationNsMax) {
                close().assumeIsolated().whenComplete { _ in
                    self.batches.finish()
                    promise.succeed(())
                }
            }
        }
        return promise.futureResult
    }

    /// The loop is about to end: what is confirmed from now on is not told any more.
    func end() { door.close() }

    private func drain(_ turns: Int, _ then: @escaping () -> Void) {
        let before = bytesReceived
        guard turns > 0 else { return then() }
        loop.assumeIsolated().scheduleTask(in: Self.drainPause) {
            self.drain(self.bytesReceived > before ? turns - 1 : 0, then)
        }
    }

    private func awaitConfirmations(until deadline: Int64, _ then: @escaping () -> Void) {
        guard !owing.isEmpty, MonotonicClock.now < deadline else { return then() }
        loop.assumeIsolated().scheduleTask(in: Self.drainPause) { self.awaitConfirmations(until: deadline, then) }
    }
}
