import SluiceComponent
import SluiceEvent

/// The meeting point of inputs and lanes: the lanes' inboxes, and what every input has under way.
///
/// Everything is under one lock, so that a marker can be put into all inboxes at a moment at which each input's position is known:
/// what was sent before the marker is before it in its inbox, and the positions noted with it are exactly those. An *epoch* is what
/// lies between two markers.
///
///     input ── send ──►  inbox of lane 0  │ batch 7 │ marker 3 │ batch 6 │ ──► lane
///        (batch, positions)                                                     │
///     source: moved positions, batches not answered by epoch ◄── answered ── Delivery
final class Dispatcher: Sendable {
    /// What a lane finds in its inbox.
    enum Item: Sendable {
        case batch(Shipment)
        /// Everything of this epoch came before.
        case marker(epoch: Int)
        /// Something that the lane is to do between two batches.
        case order(@Sendable (Lane) -> Void)
        /// Nothing will follow.
        case end
    }

    /// What moved in an input between two markers.
    struct Movement: Sendable {
        var positions: [String: Position] = [:]
        var bytes = 0
        /// Who waits to hear that everything up to the marker is done for good.
        var confirmations: [@Sendable (Bool) -> Void] = []

        var isEmpty: Bool { positions.isEmpty && bytes == 0 && confirmations.isEmpty }
    }

    /// Bounds of one inbox, and of what one input may have unconfirmed.
    struct Limits: Sendable {
        var eventsMax = 32_768
        var bytesMax = 4 << 20
        var unconfirmedBytesMax = 16 << 20

        /// The defaults.
        init() {}
    }

    fileprivate struct Inbox {
        /// What goes before all items.
        var orders = FIFO<@Sendable (Lane) -> Void>()
        var items = FIFO<Item>()
        var events = 0
        var bytes = 0
    }

    fileprivate struct Source {
        var movement = Movement()
        var unconfirmedBytes = 0
        /// Batches that were not answered, by epoch.
        var waiting: [Int: Int] = [:]
    }

    fileprivate struct State {
        var inboxes: [Inbox]
        var sources: [Int: Source] = [:]
        var epoch = 0
        /// What the checkpointer was told since the last marker.
        var calls: Calls = []
        /// The epoch up to which the checkpointer waits for answers.
        var awaitedEpoch: Int?
    }

    /// What the checkpointer waits for.
    fileprivate struct Calls: OptionSet {
        let rawValue: Int
        /// Something was sent, or a lane did something by itself.
        static let moved = Calls(rawValue: 1)
        /// An input is short of room.
        static let urgent = Calls(rawValue: 2)
        /// A sender waits for a confirmation.
        static let awaited = Calls(rawValue: 4)
        /// All batches up to ``State/awaitedEpoch`` were answered.
        static let answered = Calls(rawValue: 8)
    }

    private let limits: Limits
    private let state: Monitor<State>
    /// A bell of its own: `state` changes with every batch, which would wake the checkpointer each time. Rung under the lock of `state`.
    private let bell = Monitor<Calls>([])

    /// A dispatcher for so many lanes.
    init(lanes: Int, limits: Limits = Limits()) {
        self.limits = limits
        state = Monitor(State(inboxes: Array(repeating: Inbox(), count: lanes)))
    }

    // MARK: - Inputs

    /// Puts an input's batches into inboxes, all at once, and moves its positions; waits while there is no room, which one without
    /// events does not need. False when `stop` was set first, or with a `deadline` (monotonic) when that has passed: then nothing was sent.
    func send(
        _ parts: [(lane: Int, box: BatchBox, pool: BatchPool)], source: Int, bytes: Int, positions: [Position], stop: StopFlag,
        until deadline: Int64? = nil
    ) -> Bool {
        let isSent: Bool? = state.wait(until: deadline) { state in
            guard hasRoom(state, parts, source, positions.isEmpty ? 0 : bytes) else {
                call(.urgent, &state)
                return stop.isSet && deadline == nil ? false : nil
            }
            for part in parts { put(part.box, part.pool, source, part.lane, into: &state) }
            state.sources[source, default: Source()].move(positions, bytes)
            call(.moved, &state)
            return true
        }
        return isSent ?? false
    }

    private func hasRoom(
        _ state: State, _ parts: [(lane: Int, box: BatchBox, pool: BatchPool)], _ source: Int, _ bytes: Int
    ) -> Bool {
        if bytes > 0, let own = state.sources[source], own.unconfirmedBytes > 0,
            own.unconfirmedBytes + bytes > limits.unconfirmedBytesMax
        {
            return false
        }
        return parts.allSatisfy { part in
            let inbox = state.inboxes[part.lane]
            return inbox.events == 0 || part.box.events.count == 0
                || inbox.events + part.box.events.count <= limits.eventsMax
                    && inbox.bytes + part.box.events.byteCount <= limits.bytesMax
        }
    }

    private func put(_ box: BatchBox, _ pool: BatchPool, _ source: Int, _ lane: Int, into state: inout State) {
        state.inboxes[lane].events += box.events.count
        state.inboxes[lane].bytes += box.events.byteCount
        state.inboxes[lane].items.append(.batch(Shipment(box: box, pool: pool, source: source, epoch: state.epoch)))
        state.sources[source, default: Source()].waiting[state.epoch, default: 0] += 1
    }

    /// Whether an input would have to wait with what it sends next.
    func isCongested(source: Int) -> Bool {
        state.withLock { state in
            state.inboxes.contains { $0.events >= limits.eventsMax || $0.bytes >= limits.bytesMax }
        }
    }

    /// Has `body` called when what an input has sent so far was answered and is saved.
    func whenConfirmed(source: Int, _ body: @escaping @Sendable (Bool) -> Void) {
        state.withLock { state in
            state.sources[source, default: Source()].movement.confirmations.append(body)
            call([.moved, .awaited], &state)
        }
    }

    /// Lets waiting threads look at their stop flags.
    func wake() {
        state.notify { _ in }
        bell.notify { _ in }
    }

    /// Tells the checkpointer, unless it knows.
    private func call(_ calls: Calls, _ state: inout State) {
        guard !state.calls.isSuperset(of: calls) else { return }
        state.calls.formUnion(calls)
        bell.notify { $0.formUnion(calls) }
    }

    /// What was known of an input is forgotten: it was taken out of the configuration and everything of it was answered.
    func forget(source: Int) {
        let waiting = state.notify { state in state.sources.removeValue(forKey: source)?.movement.confirmations ?? [] }
        for body in waiting { body(false) }
    }

    // MARK: - Lanes

    /// The next item of a lane's inbox; nil when `deadline` (monotonic) passes first.
    func take(lane: Int, until deadline: Int64?) -> Item? {
        state.wait(until: deadline) { state in
            if let order = state.inboxes[lane].orders.popFirst() { return .order(order) }
            guard let item = state.inboxes[lane].items.popFirst() else { return nil }
            if case .batch(let shipment) = item {
                state.inboxes[lane].events -= shipment.box.events.count
                state.inboxes[lane].bytes -= shipment.box.events.byteCount
            }
            return item
        }
    }

    /// Puts an item that is no batch into one inbox. Orders go before the batches that wait there, in the order in which they were put.
    func put(_ item: Item, lane: Int) {
        state.notify { state in
            if case .order(let order) = item {
                state.inboxes[lane].orders.append(order)
            } else {
                state.inboxes[lane].items.append(item)
            }
        }
    }

    /// A batch that a lane made itself (timers, re-drive) is under way; answers its epoch.
    func began(source: Int) -> Int {
        state.withLock { state in
            state.sources[source, default: Source()].waiting[state.epoch, default: 0] += 1
            return state.epoch
        }
    }

    /// A batch was answered by all its outputs. No lane and no input waits for that.
    func answered(source: Int, epoch: Int) {
        state.withLock { state in
            call(.moved, &state)
            guard let count = state.sources[source]?.waiting[epoch] else { return }
            state.sources[source]?.waiting[epoch] = count > 1 ? count - 1 : nil
            if count == 1, let awaited = state.awaitedEpoch, isAnswered(through: awaited, state) { call(.answered, &state) }
        }
    }

    /// Events and bytes that wait in a lane's inbox.
    func load(lane: Int) -> (events: Int, bytes: Int) {
        state.withLock { ($0.inboxes[lane].events, $0.inboxes[lane].bytes) }
    }

    /// Bytes of an input that were sent and are not saved as done.
    func unconfirmedBytes(source: Int) -> Int { state.withLock { $0.sources[source]?.unconfirmedBytes ?? 0 } }

    // MARK: - Checkpoints

    /// Waits until something has moved and then until `interval` nanoseconds have passed or an input is short of room; false when
    /// `stop` was set.
    func waitForMovement(interval: Int64, stop: StopFlag) -> Bool {
        let moved: Bool? = bell.wait { calls in
            if stop.isSet { return false }
            return calls.contains(.moved) ? true : nil
        }
        guard moved == true else { return false }
        let begin = MonotonicClock.now
        let isAwaited: Bool? = bell.wait(until: begin + interval) { calls in
            if calls.contains(.urgent) || stop.isSet { return false }
            return calls.contains(.awaited) ? true : nil
        }
        if isAwaited == true {
            // Others that send now are confirmed by the same round.
            let _: Bool? = bell.wait(until: min(begin + interval, MonotonicClock.now + Self.gatheringNanoseconds)) { calls in
                calls.contains(.urgent) || stop.isSet ? true : nil
            }
        }
        return !stop.isSet
    }

    /// How long the confirmations of one round gather.
    private static let gatheringNanoseconds: Int64 = 5_000_000

    /// The epoch that batches belong to now; the next marker ends it.
    var epoch: Int { state.withLock { $0.epoch } }

    /// Something has changed that is worth a checkpoint.
    func stir() { state.withLock { call(.moved, &$0) } }

    /// The last epoch of an input all of whose batches were answered.
    func answeredEpoch(source: Int) -> Int {
        state.withLock { state in (state.sources[source]?.waiting.keys.min() ?? .max) - 1 }
    }

    /// Begins a new epoch: puts a marker into every inbox and answers its number with what has moved since the last one.
    func mark() -> (epoch: Int, movements: [Int: Movement]) {
        state.notify { state in
            let epoch = state.epoch
            var movements: [Int: Movement] = [:]
            for (index, source) in state.sources {
                if !source.movement.isEmpty { movements[index] = source.movement }
                state.sources[index]?.movement = Movement()
            }
            for lane in state.inboxes.indices { state.inboxes[lane].items.append(.marker(epoch: epoch)) }
            state.epoch += 1
            state.calls = []
            bell.withLock { $0 = [] }
            return (epoch, movements)
        }
    }

    /// Waits until every batch up to an epoch was answered, or `deadline` (monotonic) passes, or `stop` is set.
    func waitForAnswers(through epoch: Int, until deadline: Int64, stop: StopFlag) {
        let isWaiting = state.withLock { state in
            guard !isAnswered(through: epoch, state) else { return false }
            state.awaitedEpoch = epoch
            return true
        }
        guard isWaiting else { return }
        let _: Bool? = bell.wait(until: deadline) { calls in stop.isSet || calls.contains(.answered) ? true : nil }
        state.withLock { $0.awaitedEpoch = nil }
    }

    private func isAnswered(through epoch: Int, _ state: State) -> Bool {
        state.sources.values.allSatisfy { $0.isAnswered(through: epoch) }
    }

    /// What an input had under way is on disk.
    func confirmed(source: Int, bytes: Int) {
        state.notify { $0.sources[source]?.unconfirmedBytes -= bytes }
    }
}

extension Dispatcher.Source {
    mutating func move(_ positions: [Position], _ bytes: Int) {
        guard !positions.isEmpty else { return }
        for position in positions { movement.positions[position.key] = position }
        movement.bytes += bytes
        unconfirmedBytes += bytes
    }

    func isAnswered(through epoch: Int) -> Bool { waiting.keys.allSatisfy { $0 > epoch } }
}

/// A batch on its way from an input to a lane.
struct Shipment: Sendable {
    let box: BatchBox
    /// Where the batch goes when the lane is done.
    let pool: BatchPool
    /// Number of the input.
    let source: Int
    let epoch: Int
}
