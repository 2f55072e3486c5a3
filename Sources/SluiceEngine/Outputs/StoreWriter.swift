import CSluice
import SluiceComponent
import SluiceStore

/// Puts what lanes offer into the disk buffer and answers it, on a thread of its own.
///
/// A lane hands a parcel over in some 8 µs; one transaction that lasts costs milliseconds. So lanes do not store themselves: while one
/// transaction is under way the next group collects in a small queue in memory (``stageBytesMax``), and a slow output never holds
/// the writer up. When the disk cannot take more, nothing is discarded: the lanes wait, whatever the policy says; that is for
/// a buffer that has reached its own limit.
final class StoreWriter {
    /// Bytes that may wait for the writer.
    static let stageBytesMax = 4 << 20

    /// The queue between lanes and writer.
    static func stage() -> ParcelQueue {
        var buffer = OutputOptions.Buffer()
        buffer.maxBytes = stageBytesMax
        buffer.maxEvents = Int.max
        var batch = OutputOptions.Batch()
        batch.maxBytes = stageBytesMax
        batch.maxEvents = Int.max
        return ParcelQueue(buffer, batch: batch)
    }

    private let index: Int
    private let buffer: OutputOptions.Buffer
    private let queue: StoredQueue
    private let state: Monitor<DriverState>
    private let time: DriverTime
    private let random: @Sendable () -> Double
    private let log: OutputLog
    private var group: [Parcel] = []
    private var backoff: Backoff
    private var report = FailureReport()
    private var retryAt: Int64?
    /// Everything is stored, whatever the limits say.
    private var isUnlimited = false
    private var hasEnded = false
    /// The signals that the last step has seen.
    private(set) var seenSignals = 0

    /// A writer that has not begun.
    init(_ parts: OutputDriver.Parts, queue: StoredQueue) {
        index = parts.index
        buffer = parts.options.buffer
        self.queue = queue
        state = parts.state
        time = parts.time
        random = parts.random
        log = parts.log
        backoff = parts.options.retry.backoff
    }

    /// Stores what there is, at most one group.
    func step() -> OutputDriver.Step {
        if hasEnded { return .ended }
        let now = time.monotonic()
        let orders = state.withLock { $0.orders }
        seenSignals = orders.signals
        if orders.isStopped { return end() }
        if let retryAt {
            guard now >= retryAt else { return .wait(until: retryAt) }
            self.retryAt = nil
            state.withLock { $0.counters.retries += 1 }
        }
        if group.isEmpty {
            // Whoever waits for room is woken by every take.
            let take = state.notify { $0.queue.take(now: now, isHurried: true) }
            guard case .parcels(let parcels) = take else { return hasAll(orders) ? end() : .wait(until: nil) }
            group = parcels
        }
        if orders.isUnlimited != isUnlimited {
            isUnlimited = orders.isUnlimited
            if isUnlimited { queue.unlimit() } else { queue.limit() }
        }
        do throws(StoreError) { return try storeGroup(now) } catch { return failed(error, now) }
    }

    /// Whether nothing more comes: a lane that waits for room still has a parcel.
    private func hasAll(_ orders: DriverState.Orders) -> Bool {
        orders.isFinishing && !(orders.isHandingOver && state.withLock { $0.queue.isAwaited })
    }

    private func storeGroup(_ now: Int64) throws(StoreError) -> OutputDriver.Step {
        let fitting = isUnlimited ? group.count : fittingEvents()
        let stored = fitting == 0 ? 0 : try queue.append(Array(group.prefix(fitting)), time: time.wall())
        worked()
        if stored > 0 { finish(stored, .delivered) }
        if group.isEmpty { return .again }
        switch buffer.whenFull {
        case .block: return stored > 0 ? .again : .wait(until: nil)
        case .dropNewest: finish(group.count, .discarded)
        case .dropOldest: if try !evict(now) { finish(group.count, .discarded) }
        }
        return .again
    }

    /// How many parcels of the group `max_events` lets in; bytes are the store's concern.
    private func fittingEvents() -> Int {
        let level = queue.level
        var events = level.events
        var count = 0
        for parcel in group {
            events += parcel.events
            if events > buffer.maxEvents, level.parcels + count > 0 { break }
            count += 1
        }
        return count
    }

    /// The first `count` parcels of the group are stored, or discarded by `drop_newest`.
    private func finish(_ count: Int, _ outcome: DeliveryOutcome) {
        let parcels = Array(group.prefix(count))
        group.removeFirst(count)
        let amount = OutputCounters.Amount(parcels)
        let isLast = group.isEmpty
        let hasRoom = isLast && queue.level.bytes < buffer.maxBytes / 2
        let now = time.monotonic()
        let (line, events) = state.notify { state in
            state.queue.finished(amount, isLast: isLast)
            if outcome == .delivered {
                state.counters.stored += amount
                state.signals += 1
            } else {
                state.counters.discardedNewest += amount
            }
            let line = outcome == .delivered ? hasRoom ? state.discarding.succeeded(now: now) : nil : state.discarding.failed(now: now)
            return (line, state.counters.discardedEvents)
        }
        for parcel in parcels { parcel.answer(index, outcome) }
        log.discarding(line, newest: true, events: events)
    }

    /// Makes room for the group; false when there is nothing that may go.
    private func evict(_ now: Int64) throws(StoreError) -> Bool {
        let wanted = group.reduce(queue.level.bytes) { $0 + $1.byteCount + $1.letters.pointee.length }
        // When it is the number of events that is too large, they go one parcel at a time.
        let gone = try queue.evict(bytes: fittingEvents() == 0 ? 1 : wanted - buffer.maxBytes)
        guard gone.parcels > 0 else { return false }
        let amount = OutputCounters.Amount(parcels: gone.parcels, events: gone.events, bytes: gone.bytes)
        let (line, events) = state.withLock { state in
            state.counters.discardedOldest += amount
            state.counters.stored -= amount
            return (state.discarding.failed(now: now), state.counters.discardedEvents)
        }
        log.discarding(line, newest: false, events: events)
        return true
    }

    private func failed(_ error: StoreError, _ now: Int64) -> OutputDriver.Step {
        let wall = time.wall()
        let waiting = state.withLock { state in
            state.counters.failures += 1
            state.counters.lastError = error.message
            state.storeFailingSince = state.storeFailingSince ?? wall
            return state.queue.amount.events
        }
        let wait = backoff.failed(chance: random())
        retryAt = now + wait
        log.failing(report.failed(now: now), error: error.message, waiting: waiting, wait: wait)
        return .again
    }

    private func worked() {
        guard report.since != nil else { return }
        backoff.succeeded()
        log.recovered(report.succeeded(now: time.monotonic()))
        state.withLock { $0.storeFailingSince = nil }
    }

    private func end() -> OutputDriver.Step {
        hasEnded = true
        let isEmpty = group.isEmpty
        group = []
        state.notify { state in
            state.isAllStored = isEmpty && state.queue.count == 0
            state.hasWriterEnded = true
            state.signals += 1
        }
        return .ended
    }
}
