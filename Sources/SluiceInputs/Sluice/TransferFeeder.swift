import Glibc
import Logging
import SluiceComponent
import SluiceEvent
import SluiceNetwork

/// Makes batches of the frames that senders have sent, on a thread of its own that waits where lanes and outputs are slow, and says
/// which frames are delivered.
///
/// ```
///   loop ── add ──► │ frame 9 │ frame 8 │ ──► feeder ── takeBatch, unpack, send ──► lanes
///    ▲ │                                        │
///    │ └── nothing is read while too much waits │ whenConfirmed: one at a time, for everything sent before
///    └────────── confirmed(sequences) ◄─────────┘
/// ```
final class TransferFeeder: Sendable {
    /// A frame on its way.
    struct Frame: Sendable {
        let data: TransferFrame.Data
        /// Whether its events may have been delivered before.
        let isRepeated: Bool
        let position: TransferPosition
        /// Where the sender is.
        let peer: String?
    }

    /// Whom the feeder tells, on the event loop: `execute` brings a closure there.
    struct Listener: Sendable {
        let execute: @Sendable (@escaping @Sendable () -> Void) -> Void
        let confirmed: @Sendable ([TransferIdentity: UInt64]) -> Void
        let drained: @Sendable () -> Void
    }

    private enum Item {
        case frame(Frame)
        case forget([TransferIdentity])
    }

    /// What the thread does next.
    private enum Work {
        case item(Item)
        case confirm([TransferIdentity: UInt64])
        /// The end has come while it was waited for without a deadline.
        case look
        case end
    }

    private struct State {
        var items: [Item] = []
        var next = 0
        var bytes = 0
        var isFull = false
        /// Sent since the last request for a confirmation: sequence numbers that nobody has asked about.
        var unasked: [TransferIdentity: UInt64] = [:]
        var isAwaiting = false
        /// Confirmed by whole requests.
        var confirmed: [TransferIdentity: UInt64] = [:]
        var listener: Listener?
        /// When the wait for confirmations ends; nil before the end.
        var endsAt: Int64?
        var ended: (@Sendable () -> Void)?
    }

    /// Bytes of frames that may wait before nothing more is read, and below which reading goes on.
    private static let bytesMax = 4 << 20
    private static let bytesLow = 1 << 20
    /// How long the end waits for outputs.
    private static let endNanoseconds: Int64 = 3_000_000_000

    private let session: any InputSession
    private let state = Monitor(State())
    private let thread = Monitor<WorkerThread?>(nil)

    /// A feeder that does not run yet.
    init(_ session: any InputSession) { self.session = session }

    // MARK: - On the loop

    /// Starts the thread. `known` was sent by an earlier run: it is confirmed anew.
    func start(_ known: [(TransferIdentity, UInt64)], on listener: Listener) {
        state.withLock { state in
            state.listener = listener
            state.unasked = Dictionary(known, uniquingKeysWith: max)
        }
        thread.withLock { $0 = WorkerThread("\(session.name)-feed") { [self] in run() } }
    }

    /// Takes a frame; answers whether too much waits now, so that nothing more should be read until ``Listener/drained``.
    func add(_ frame: Frame) -> Bool {
        state.notify { state in
            state.items.append(.frame(frame))
            state.bytes += frame.data.payload.count
            if state.bytes > Self.bytesMax { state.isFull = true }
            return state.isFull
        }
    }

    /// What is kept of these senders can go.
    func forget(_ identities: [TransferIdentity]) { state.notify { $0.items.append(.forget(identities)) } }

    /// Waits a moment until what was sent on is delivered; then `body` is called on the loop, once. Nothing is told behind it.
    func end(_ body: @escaping @Sendable () -> Void) {
        state.notify { state in
            state.endsAt = MonotonicClock.now + Self.endNanoseconds
            state.ended = body
        }
    }

    /// Tells nobody anything any more: the loop ends.
    func fallSilent() { state.withLock { $0.listener = nil } }

    /// Waits for the thread's end.
    func join() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    // MARK: - The thread

    private func run() {
        var records = FrameUnpacking(session)
        /// Moved positions of this run, to be put back where nothing came of them.
        var moved: [TransferIdentity: TransferPosition] = [:]
        while true {
            switch next() {
            case .item(.frame(let frame)):
                // What is sent behind the stop may be given up, so that nobody may acknowledge it: its sender sends it again.
                guard !session.stop.isSet, records.send(frame) else { continue }
                moved[frame.position.identity] = frame.position
                guard !session.stop.isSet else { continue }
                state.withLock { $0.unasked[frame.position.identity] = frame.position.sequence }
            case .item(.forget(let identities)):
                for identity in identities { moved[identity] = nil }
                records.forget(identities)
            case .confirm(let sequences): ask(sequences)
            case .look: continue
            case .end:
                putBack(moved)
                return tellEnd()
            }
        }
    }

    private func next() -> Work {
        let deadline = state.withLock { $0.endsAt }
        let work: Work? = state.wait(until: deadline) { state in
            if state.next < state.items.count { return .item(Self.take(&state)) }
            if !state.isAwaiting, !state.unasked.isEmpty {
                defer { state.unasked = [:] }
                state.isAwaiting = true
                return .confirm(state.unasked)
            }
            guard state.endsAt != nil else { return nil }
            return state.isAwaiting ? (deadline == nil ? .look : nil) : .end
        }
        return work ?? .end
    }

    private static func take(_ state: inout State) -> Item {
        let item = state.items[state.next]
        state.next += 1
        if state.next == state.items.count {
            state.items.removeAll(keepingCapacity: true)
            state.next = 0
        }
        if case .frame(let frame) = item { state.bytes -= frame.data.payload.count }
        if state.isFull, state.bytes < bytesLow, let listener = state.listener {
            state.isFull = false
            listener.execute(listener.drained)
        }
        return item
    }

    /// Asks for the confirmation of everything that was sent so far.
    private func ask(_ sequences: [TransferIdentity: UInt64]) {
        let state = state
        session.whenConfirmed { isConfirmed in
            state.notify { state in
                state.isAwaiting = false
                guard isConfirmed else { return }
                state.confirmed.merge(sequences) { max($0, $1) }
                // No loop is told anything behind the end.
                if let listener = state.listener { listener.execute { listener.confirmed(sequences) } }
            }
        }
    }

    /// What was not confirmed by now is not acknowledged: it has to be taken again when it is sent again.
    private func putBack(_ moved: [TransferIdentity: TransferPosition]) {
        let confirmed = state.withLock { $0.confirmed }
        let positions = moved.values.filter { confirmed[$0.identity] ?? 0 < $0.sequence }.map { position in
            TransferPosition(identity: position.identity, sequence: confirmed[position.identity] ?? 0, lastSeen: position.lastSeen).saved
        }
        if !positions.isEmpty { session.send(BatchBox(), stream: 0, bytes: 0, positions: positions) }
    }

    private func tellEnd() {
        state.withLock { state in
            if let listener = state.listener, let ended = state.ended { listener.execute(ended) }
            state.listener = nil
            state.ended = nil
        }
    }
}
