package import Logging
package import SluiceComponent
import SluiceStore
import Synchronization

/// What stands between the lanes and an ``Output``: it queues, batches, tries again, gives up, and answers each parcel's delivery.
///
/// Lanes call ``offer(_:)``. The output's own thread writes (``OutputWorker``). Every parcel that was taken is answered exactly once,
/// except those that are left when the driver is stopped: they are not answered at all, so that nothing behind them is confirmed
/// and they are read again at the next start.
///
/// ```
///   memory:  lanes ─► ParcelQueue ─► OutputWorker ─► Output          answered when written and committed
///   disk:    lanes ─► ParcelQueue ─► StoreWriter ─► store            answered when stored
///                                                     └► OutputWorker ─► Output
/// ```
package final class OutputDriver: Sendable {
    /// What the output's thread does next.
    package enum Step: Sendable, Equatable {
        /// There may be more to do at once.
        case again
        /// Nothing before this moment of the monotonic clock, or before somebody signals.
        case wait(until: Int64?)
        case ended
    }

    /// What the parts of a driver share.
    struct Parts: Sendable {
        let index: Int
        let name: String
        let options: OutputOptions
        let stop: StopFlag
        let state: Monitor<DriverState>
        let time: DriverTime
        let random: @Sendable () -> Double
        let log: OutputLog
        let deadLetters: @Sendable (AbandonedParcel) -> Void
        let onClosed: (@Sendable () -> Void)?
    }

    // SAFETY: used by one thread: the output's, or a test's that never starts one.
    private struct Hands: @unchecked Sendable {
        let worker: OutputWorker
    }

    // SAFETY: used by one thread: the disk buffer's writer, or a test's that never starts one.
    private struct StoringHands: @unchecked Sendable {
        let writer: StoreWriter
    }

    private let parts: Parts
    private let hands: Hands
    private let storing: StoringHands?
    private let stored: StoredQueue?
    private let threads = Mutex<[WorkerThread]>([])

    /// A driver whose thread does not run yet.
    ///
    /// - Parameters:
    ///   - index: The output's bit in deliveries.
    ///   - store: The opened disk buffer if `options` ask for one; the driver closes it. What is in it is sent first.
    ///   - random: Numbers in 0..<1 for the jitter, asked on the driver's threads.
    ///   - deadLetters: Takes parcels that were given up, on the output's thread; may wait, until `stop` of the parcel is set.
    ///   - onClosed: For an output whose reader may go away and end the program (standard output): told once, on the output's
    ///     thread. Without it a closed destination is an error like others.
    ///   - makeOutput: Called once, before this returns.
    package init(
        index: Int, name: String, options: OutputOptions, store: (any ParcelStore)? = nil, log: Logger, time: DriverTime = .system,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        deadLetters: @escaping @Sendable (AbandonedParcel) -> Void, onClosed: (@Sendable () -> Void)? = nil,
        makeOutput: (OutputContext) -> any Output
    ) {
        precondition((store != nil) == (options.buffer.kind == .disk), "output `\(name)` has a store exactly when its buffer is on disk")
        let state = Monitor(Self.state(options, store))
        parts = Parts(
            index: index, name: name, options: options, stop: StopFlag(), state: state, time: time, random: random,
            log: OutputLog(name: name, log: log), deadLetters: deadLetters, onClosed: onClosed)
        let output = makeOutput(OutputContext(name: name, stop: parts.stop, now: time.wall, log: log))
        guard let store else {
            let supply = MemorySupply(index: index, state: state, time: time)
            hands = Hands(worker: OutputWorker(parts, output: output, supply: supply))
            storing = nil
            stored = nil
            return
        }
        let stored = StoredQueue(store, bytesMax: options.buffer.maxBytes)
        let supply = DiskSupply(stored, batch: options.batch, state: state, time: time)
        hands = Hands(worker: OutputWorker(parts, output: output, supply: supply))
        storing = StoringHands(writer: StoreWriter(parts, queue: stored))
        self.stored = stored
    }

    private static func state(_ options: OutputOptions, _ store: (any ParcelStore)?) -> DriverState {
        guard let store else { return DriverState(queue: ParcelQueue(options.buffer, batch: options.batch)) }
        var state = DriverState(queue: StoreWriter.stage())
        state.isStage = true
        state.restore(store.level)
        return state
    }

    /// The output's bit in deliveries.
    package var index: Int { parts.index }
    /// The output's name.
    package var name: String { parts.name }
    /// How parcels wait and are tried again.
    package var options: OutputOptions { parts.options }

    /// What the output has done and what waits for it, at this moment.
    package var counters: OutputCounters {
        let level = stored?.level
        return parts.state.withLock { state in
            var counters = state.counters
            counters.waiting = state.queue.amount
            if let level { counters.stored.bytes = level.bytes }
            counters.oldest = [level?.oldest, state.queue.oldest].compactMap { $0 }.min()
            counters.failingSince = [counters.failingSince, state.storeFailingSince].compactMap { $0 }.min()
            return counters
        }
    }

    /// Whether the driver's threads have ended.
    package var hasEnded: Bool { parts.state.withLock { hasEnded($0) } }

    private func hasEnded(_ state: DriverState) -> Bool { state.hasEnded && (storing == nil || state.hasWriterEnded) }

    /// An empty parcel for this output.
    package func makeParcel(delivery: Delivery) -> Parcel { Parcel(delivery: delivery) }

    /// Hands a filled parcel over. From any lane; waits while the buffer is full and its policy is `block`. False when the driver was
    /// stopped or its destination is closed: the parcel was not taken and is not answered.
    @discardableResult
    package func offer(_ parcel: Parcel) -> Bool {
        let now = parts.time.monotonic()
        let wall = parts.time.wall()
        var turn: Int?
        var offer = parts.state.withLock { Self.offered(parcel, &turn, now, wall, &$0) }
        if offer == nil { offer = parts.state.wait { Self.offered(parcel, &turn, now, wall, &$0) } }
        guard let offer, offer.isTaken else { return false }
        if offer.wakes { parts.state.notify { _ in } }
        for parcel in offer.discarded { parcel.answer(parts.index, .discarded) }
        if offer.line != nil {
            parts.log.discarding(offer.line, newest: parts.options.buffer.whenFull == .dropNewest, events: offer.discardedEvents)
        }
        return true
    }

    private struct Offer: Sendable {
        var isTaken = true
        var wakes = false
        var discarded: [Parcel] = []
        var line: FailureReport.Line?
        var discardedEvents = 0
    }

    /// One attempt; nil when the lane has to wait.
    private static func offered(
        _ parcel: Parcel, _ turn: inout Int?, _ now: Int64, _ wall: Int64, _ state: inout DriverState
    ) -> Offer? {
        if state.refusesOffers { return Offer(isTaken: false) }
        var offer = Offer()
        let wasEmpty = state.queue.count == 0
        switch state.queue.offered(parcel, turn: &turn, now: now, time: wall) {
        case .wait: return nil
        case .refused:
            offer.discarded = [parcel]
            state.counters.discardedNewest += OutputCounters.Amount(parcel)
        case .accepted(let evicted, let wakes):
            offer.wakes = wakes
            offer.discarded = evicted
            state.counters.discardedOldest += OutputCounters.Amount(evicted)
            if wakes { state.signals += 1 }
        }
        state.counters.offered += OutputCounters.Amount(parcel)
        offer.discardedEvents = state.counters.discardedEvents
        if !offer.discarded.isEmpty {
            offer.line = state.discarding.failed(now: now)
        } else if wasEmpty, !state.isStage {
            offer.line = state.discarding.succeeded(now: now)
        }
        return offer
    }

    /// The output closes and opens its files anew, on its thread, between two batches or before the next attempt.
    package func reopen() {
        parts.state.notify { state in
            state.isReopening = true
            state.signals += 1
        }
    }

    // MARK: - Life

    /// Starts the output's thread, and the disk buffer's writer if there is one. Once.
    package func start() {
        let driver = self
        if let stored {
            // What a predecessor has left is there only now.
            stored.limit()
            let level = stored.level
            parts.state.withLock { $0.restore(level) }
        }
        threads.withLock { threads in
            precondition(threads.isEmpty, "output `\(parts.name)` was started twice")
            threads.append(
                WorkerThread("out:" + parts.name) { driver.run { (driver.step(), driver.hands.worker.seenSignals) } })
            guard let writer = storing else { return }
            threads.append(
                WorkerThread("buf:" + parts.name) { driver.run { (writer.writer.step(), writer.writer.seenSignals) } })
        }
    }

    /// Moves the output by hand, for tests: what its thread would do next.
    package func step() -> Step { hands.worker.step() }

    /// Moves the disk buffer's writer by hand, for tests; a driver without one has nothing to do.
    package func stepWriter() -> Step { storing?.writer.step() ?? .ended }

    private func run(_ step: () -> (Step, seenSignals: Int)) {
        while true {
            switch step() {
            case (.again, _): continue
            case (.ended, _): return
            case (.wait(let until), let seen):
                let _: Bool? = parts.state.wait(until: until) { $0.signals != seen ? true : nil }
            }
        }
    }

    /// Says that nothing more will be offered: the output writes what there is, without waiting for fuller batches, and ends. With a
    /// disk buffer it ends too, once everything is stored, when it fails: the rest is sent after the next start.
    package func finish() {
        parts.state.notify { state in
            state.isFinishing = true
            state.signals += 1
        }
    }

    /// Takes what lanes wait with, one parcel each, beyond the limits: they are wanted between two batches.
    package func letIn() {
        parts.state.notify { state in
            guard state.queue.isAwaited else { return }
            state.queue.letIn()
            state.signals += 1
        }
    }

    /// Has the disk buffer take everything or, again, no more than its limits allow. An output that is about to be replaced holds no lane
    /// up: nothing may leave its buffer any more.
    package func setUnlimited(_ isUnlimited: Bool) {
        parts.state.notify { state in
            state.isUnlimited = isUnlimited
            state.signals += 1
        }
    }

    /// Says that nothing more will be offered and that another output goes on with the disk buffer: what was offered is stored, whatever
    /// the buffer's limits say, and the output ends behind the batch that it is writing. Waits for the end; a batch that takes longer than
    /// `patience` nanoseconds is broken off, and written again by the successor.
    package func handOver(patience: Int64) {
        parts.state.notify { state in
            state.isFinishing = true
            state.isUnlimited = true
            state.isHandingOver = true
            state.signals += 1
        }
        let ended: Bool? = parts.state.wait(until: parts.time.monotonic() + patience) { hasEnded($0) ? true : nil }
        if ended == nil {
            parts.stop.set()
            parts.state.notify { $0.signals += 1 }
        }
        joinThreads()
    }

    /// Ends the output at once: what is left is not answered, lanes that wait go on, a call that waits for a reader returns.
    package func stop() {
        parts.stop.set()
        parts.state.notify { state in
            state.isStopped = true
            state.signals += 1
        }
    }

    /// Waits for the end that ``finish()`` began, until `deadline` of the monotonic clock; then stops. One that was never started ends at
    /// once. Answers whether everything was delivered or is in the disk buffer.
    package func join(by deadline: Int64) -> Bool {
        let isStarted = threads.withLock { !$0.isEmpty }
        let ended: Bool? = isStarted ? parts.state.wait(until: deadline) { hasEnded($0) ? true : nil } : nil
        if ended == nil { stop() }
        joinThreads()
        return parts.state.withLock { $0.queue.amount.parcels == 0 }
    }

    /// Waits for the driver's threads and closes its hold on the disk buffer.
    private func joinThreads() {
        threads.withLock { threads in
            for thread in threads { thread.join() }
            threads = []
        }
        do { try stored?.close() } catch { parts.log.notClosed(error.message) }
    }
}
