import CSluice
import Glibc
import Logging
import SluiceComponent
import SluiceEvent

/// The batches that one turn of a thread fills: one a lane, into which the streams of that lane go together.
///
/// A batch is sent at the end of the turn, or before when it is large, or a moment later when one has just left: little waits when little
/// comes, and much goes together when much comes. Belongs to one thread, which waits here while lanes and outputs are slow.
final class LaneBatches {
    /// Bytes in a batch's arena from which on it is sent before the turn ends.
    static let bytesMax = 256 << 10
    /// The same for its events, which may be short.
    static let eventsMax = 4_096
    /// Nanoseconds behind a batch that has left in which a small one waits for more: handing one on costs three threads a wake-up.
    static let pauseNs: Int64 = 1_000_000

    private struct Lane {
        var box: BatchBox?
        /// Bytes that were received and are behind no batch yet.
        var bytes = 0
        /// Tells one batch of the lane from the next.
        var serial: UInt64 = 0
    }

    /// Nanoseconds in which a batch is still waited for when the input ends.
    private static let patienceNs: Int64 = 1_000_000_000

    private let session: any InputSession
    /// Whether senders may wait for an acknowledgement, and send again what got none.
    private let areAcknowledged: Bool
    private var lanes: [Lane]
    /// When a batch has left last, by the monotonic clock.
    private var sentAt = Int64.min / 2
    /// When it stops waiting for batches.
    private var endsAt: Int64?
    /// Events that no lane took before the end.
    private(set) var eventsLost = 0
    private var bytesLost = 0

    /// No batch yet.
    init(_ session: any InputSession, areAcknowledged: Bool = false) {
        self.session = session
        self.areAcknowledged = areAcknowledged
        lanes = Array(repeating: Lane(), count: max(1, session.lanes))
    }

    /// The lane of a stream.
    func lane(of stream: UInt64) -> Int { Int(stream % UInt64(lanes.count)) }

    /// The batch that is filled for a lane. Nil when there is none to be had and the input has to end: then lanes get a while to give one
    /// back, once for all batches.
    func take(_ lane: Int) -> BatchBox? {
        if let box = lanes[lane].box { return box }
        guard let box = takeFree() ?? takeLate() else { return nil }
        lanes[lane].box = box
        lanes[lane].serial += 1
        return box
    }

    private func takeFree() -> BatchBox? {
        // Batches that are held here come back to nobody: with more lanes than batches this would wait for ever.
        if session.isCongested { sendAll() }
        return session.takeBatch()
    }

    private func takeLate() -> BatchBox? {
        let end = endsAt ?? MonotonicClock.now + Self.patienceNs
        endsAt = end
        while MonotonicClock.now < end {
            poll(nil, 0, 5)
            if let box = takeFree() { return box }
        }
        return nil
    }

    /// Bytes were received for which there was no batch.
    func lose(bytes: Int) {
        bytesLost += bytes
        session.count(.bytesLost, bytes)
    }

    /// The number of a lane's batch: what is known of places in a batch of another number does not hold.
    func serial(_ lane: Int) -> UInt64 { lanes[lane].serial }

    /// Bytes were received from a stream of the lane.
    func received(_ bytes: Int, _ lane: Int) { lanes[lane].bytes += bytes }

    /// Sends a batch that is large enough; answers whether it did.
    func sendIfLarge(_ lane: Int) -> Bool {
        guard let box = lanes[lane].box, box.events.byteCount >= Self.bytesMax || box.events.count >= Self.eventsMax else {
            return false
        }
        send(lane)
        return true
    }

    /// The turn ends and sends what has come, unless a batch has left a moment ago. Then the answer is when, by the monotonic clock, a turn
    /// has to end again.
    func endTurn(at now: Int64 = MonotonicClock.now) -> Int64? {
        guard lanes.contains(where: { $0.box != nil }) else { return nil }
        let due = sentAt + Self.pauseNs
        guard now >= due else { return due }
        sendAll()
        return nil
    }

    /// Sends what has come.
    func sendAll() {
        for lane in lanes.indices { send(lane) }
    }

    /// Nothing will come any more: what was received and made no event is counted as well.
    func finish() {
        sendAll()
        tellLoss()
        for lane in lanes.indices where lanes[lane].bytes > 0 {
            guard let box = session.takeBatch() else { return }
            send(box, lane)
        }
    }

    private func tellLoss() {
        let lost = [(eventsLost, "events"), (bytesLost, "bytes")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        guard !lost.isEmpty else { return }
        let end = areAcknowledged ? "; senders that wait for an acknowledgement send them again" : ""
        session.log.error(
            "\(lost.joined(separator: " and ")) of input `\(session.name)` were lost: they were in hand when it ended, and rules and outputs took no more\(end)"
        )
    }

    private func send(_ lane: Int) {
        guard let box = lanes[lane].box else { return }
        lanes[lane].box = nil
        if box.events.count > 0 {
            send(box, lane)
        } else {
            box.events.clear()
            session.giveBack(box)
        }
    }

    private func send(_ box: BatchBox, _ lane: Int) {
        let bytes = lanes[lane].bytes
        lanes[lane].bytes = 0
        let count = box.events.count
        let isSent = session.send(box, stream: UInt64(lane), bytes: bytes, positions: [])
        sentAt = MonotonicClock.now
        guard !isSent, count > 0 else { return }
        eventsLost += count
        session.count(.eventsLost, count)
    }
}
