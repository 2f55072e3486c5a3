import CSluice
import Logging
import NIOCore
import SluiceComponent
import SluiceEvent
import SluiceFraming
import SluiceNetwork

/// The stream side of an input that listens: a server on an event loop, the connections' streams, and the batches that they fill.
///
/// Everything happens on the loop's thread. It is the input's own and blocks where a batch cannot be handed on: then nothing is read, and
/// the peers wait.
final class StreamReception {
    let session: any InputSession
    let batches: LaneBatches
    private let setting: ListeningSetting
    private let loop: any EventLoop
    private let rates: PeerRates?
    private var shared: [SharedDecoding?]
    private var fillings: [EventFilling]
    private var notices = ForeignNotices()
    private var isSendingPlanned = false
    private var server: StreamServer?
    private var bytesReceived = 0

    /// A reception that does not listen yet.
    init(_ setting: ListeningSetting, rates: PeerRates?, session: any InputSession, loop: any EventLoop) {
        self.setting = setting
        self.rates = rates
        self.session = session
        self.loop = loop
        batches = LaneBatches(session)
        shared = Array(repeating: nil, count: setting.decodings.count)
        fillings = setting.decodings.map { EventFilling(fillsFields: setting.fillsFields, zone: $0.zone) }
    }

    /// Binds all stream addresses and takes connections from now on.
    func start() throws(NetworkError) {
        let server = StreamServer(
            setting.listen, loop: loop, log: session.log, observe: { [session] event in event.count(session.count) },
            configure: { [unowned self] channel, info in
                try channel.pipeline.syncOperations.addHandler(StreamHandler(info, self))
            })
        try server.start()
        self.server = server
        session.count(.opened, server.addresses.count)
    }

    /// Addresses that it listens on.
    var addressCount: Int { server?.addresses.count ?? 0 }

    /// Ends everything: takes no more connections, reads what has come already, closes, sends. Done when all is sent.
    func stop() -> EventLoopFuture<Void> {
        guard let server else { return loop.makeSucceededVoidFuture() }
        server.stopAccepting()
        let promise = loop.makePromise(of: Void.self)
        drain(server, turns: server.connectionCount > 0 ? Self.drainTurnsMax : 0, promise)
        return promise.futureResult
    }

    /// Pause in which what the kernel still has of a connection is read, and how many of them there are while bytes come.
    private static let drainPause = TimeAmount.milliseconds(20)
    private static let drainTurnsMax = 10

    private func drain(_ server: StreamServer, turns: Int, _ promise: EventLoopPromise<Void>) {
        let before = bytesReceived
        guard turns > 0 else {
            server.closeAll().assumeIsolated().whenComplete { _ in
                self.batches.finish()
                promise.succeed(())
            }
            return
        }
        loop.assumeIsolated().scheduleTask(in: Self.drainPause) {
            self.drain(server, turns: self.bytesReceived > before ? turns - 1 : 0, promise)
        }
    }

    // MARK: - What streams ask

    /// The stream of a connection.
    func stream(_ info: ConnectionInfo) -> ReceivedStream {
        ReceivedStream(
            EventSender(address: info.peer, credentials: info.credentials, certificateName: info.certificateNames.first),
            lane: batches.lane(of: info.id), decodingIndex: setting.decodingIndex(of: info.peer))
    }

    /// Bytes came.
    func heard(_ count: Int) { bytesReceived &+= count }

    /// What the streams of one decoding share.
    func shared(_ index: Int) -> SharedDecoding {
        if let known = shared[index] { return known }
        let made = SharedDecoding(setting.decodings[index])
        shared[index] = made
        return made
    }

    /// Whether bytes that are the last of a connection are a fragment: their record has no end.
    func isOpenEnd(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Bool {
        guard !setting.decodings[index].endsWithStream, let last = bytes.last else { return false }
        return last != 0x0A && last != 0x00
    }

    /// The last event was cut off by the end of its connection.
    func flagFragment(_ batch: borrowing EventBatch) {
        let event = batch.raw.pointee.events + (batch.count - 1)
        // Counted frames are flagged and counted where they are cut.
        guard !EventFlags(rawValue: event.pointee.flags).contains(.truncated) else { return }
        event.pointee.flags |= EventFlags.truncated.rawValue
        session.count(.incompleteFrames, 1)
    }

    /// Takes events out from the first one on that is a compressed message; answers whether there was one.
    func dropCompressed(_ batch: borrowing EventBatch, from first: Int) -> Bool {
        guard setting.kind == .syslog else { return false }
        let found = Int(sl_find_compressed(batch.raw, UInt32(first)))
        guard found < batch.count else { return false }
        while batch.count > found { sl_event_cancel(batch.raw) }
        return true
    }

    /// Takes out the last of the new events where their sender has sent too many.
    func limit(_ batch: borrowing EventBatch, from first: Int, _ sender: EventSender) {
        guard let rates else { return }
        let count = batch.count - first
        let passed = rates.admit(count, of: sender.key, at: MonotonicClock.now)
        guard passed < count else { return }
        for _ in passed..<count { sl_event_cancel(batch.raw) }
        session.count(.rateLimited, count - passed)
    }

    /// Writes what is known of a sender into a batch.
    func place(_ sender: EventSender, in batch: borrowing EventBatch, _ index: Int) -> EventFilling.Placed {
        fillings[index].place(sender, in: batch)
    }

    /// Fills in new events.
    func fill(_ batch: borrowing EventBatch, from first: Int, of sender: EventFilling.Placed, _ index: Int) {
        fillings[index].fill(batch, from: first, of: sender)
    }

    /// Sends what has come when this turn of the loop ends, or soon.
    func planSending() {
        guard !isSendingPlanned else { return }
        isSendingPlanned = true
        loop.assumeIsolated().execute { self.endTurn() }
    }

    private func endTurn() {
        guard let due = batches.endTurn() else {
            isSendingPlanned = false
            return
        }
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(due - MonotonicClock.now)) { self.endTurn() }
    }

    /// A connection is closed because it is not one of log messages.
    func tellForeign(_ found: ForeignProtocol, _ info: ConnectionInfo) {
        session.count(.foreignProtocols, 1)
        guard notices.isNew(found, info.peer) else { return }
        session.log.warning(
            "\(info.peerText) speaks \(found.rawValue) to \(info.listener.text), which takes log messages; closed: \(found.advice)")
    }
}
