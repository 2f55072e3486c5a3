import SluiceComponent
import SluiceStore
import Synchronization

/// Parcels that wait in a disk buffer. Their deliveries were answered when it took them; each batch is read from it, also right after
/// it was stored, so that there is one order and one place to look for what was not delivered yet. A batch is removed when it was
/// committed and the dead letters of what was given up are lasting: a program that is killed in between delivers it once more.
final class DiskSupply: ParcelSupply {
    private let queue: StoredQueue
    private let batch: OutputOptions.Batch
    private let state: Monitor<DriverState>
    private let time: DriverTime
    private var abandonedAmount = OutputCounters.Amount()

    /// The parcels of a store.
    init(_ queue: StoredQueue, batch: OutputOptions.Batch, state: Monitor<DriverState>, time: DriverTime) {
        self.queue = queue
        self.batch = batch
        self.state = state
        self.time = time
    }

    var waitsForLetters: Bool { true }

    var isSafe: Bool { state.withLock { $0.isAllStored } }

    func take(now: Int64, isFinishing: Bool) throws(SupplyError) -> SupplyTake {
        // Read before the store: what is stored later comes with a signal.
        let isAllStored = isSafe
        let level = queue.level
        if level.parcels > 0, !isFinishing, let collect = collect(level) { return .wait(until: now + collect) }
        let parcels = try queue.take(batch)
        if parcels.isEmpty { return isFinishing && isAllStored ? .drained : .wait(until: nil) }
        return .parcels(parcels)
    }

    /// For how long the oldest parcel waits for others.
    private func collect(_ level: DiskBuffer.Level) -> Int64? {
        guard batch.maxTime > 0, level.events < batch.maxEvents, level.bytes < batch.maxBytes, let oldest = level.oldest else { return nil }
        let rest = oldest + batch.maxTime - time.wall()
        // The wall clock may have been set back since.
        return rest > 0 ? min(rest, batch.maxTime) : nil
    }

    func abandoned(_ parcel: Parcel) { abandonedAmount += OutputCounters.Amount(parcel) }

    func refused(_ part: Parcel) { abandonedAmount += OutputCounters.Amount(part: part) }

    func settle(_ delivered: [Parcel]) throws(SupplyError) {
        try queue.removeTaken()
        let amount = OutputCounters.Amount(delivered)
        let abandoned = abandonedAmount
        let now = time.wall()
        abandonedAmount = OutputCounters.Amount()
        // Whoever waits for room in the buffer looks again.
        state.notify { state in
            if amount.parcels > 0 { state.counters.lastSuccess = now }
            state.counters.delivered += amount
            state.counters.deadLettered += abandoned
            state.counters.stored -= amount + abandoned
            state.signals += 1
        }
    }
}

/// A store with two users: the output's thread, which reads the oldest parcels, and the writer, which may have to evict others.
final class StoredQueue: Sendable {
    private let store: any ParcelStore
    let bytesMax: Int
    /// The last parcel that was taken and not removed; 0: none. Held while parcels are taken or evicted.
    private let lastTaken = Mutex<Int64>(0)

    /// A queue in a store that holds `bytesMax` bytes.
    init(_ store: any ParcelStore, bytesMax: Int) {
        self.store = store
        self.bytesMax = bytesMax
    }

    /// What is in the store.
    var level: DiskBuffer.Level { store.level }

    /// The oldest parcels, for a batch: at most half of the buffer, so that the other half can be evicted meanwhile.
    func take(_ batch: OutputOptions.Batch) throws(SupplyError) -> [Parcel] {
        do {
            return try lastTaken.withLock { lastTaken throws(StoreError) in
                var parcels: [Parcel] = []
                var events = 0
                for stored in try store.oldest(bytes: max(1, min(batch.maxBytes, bytesMax / 2))) {
                    events += stored.parcel.events
                    if !parcels.isEmpty, events > batch.maxEvents { break }
                    parcels.append(stored.parcel)
                    lastTaken = stored.id
                }
                return parcels
            }
        } catch { throw SupplyError(message: error.message) }
    }

    /// Removes what was taken.
    func removeTaken() throws(SupplyError) {
        do {
            try lastTaken.withLock { lastTaken throws(StoreError) in
                try store.remove(through: lastTaken)
                lastTaken = 0
            }
        } catch { throw SupplyError(message: error.message) }
    }

    /// Removes the oldest parcels that were not taken, at least one if there is one; answers what went.
    func evict(bytes: Int) throws(StoreError) -> DiskBuffer.Level {
        try lastTaken.withLock { lastTaken throws(StoreError) in try store.dropOldest(bytes: max(1, bytes), after: lastTaken) }
    }

    /// Stores parcels in order as long as they fit.
    func append(_ parcels: [Parcel], time: Int64) throws(StoreError) -> Int { try store.append(parcels, time: time) }

    /// The store takes as much as it is set to.
    func limit() { store.bytesMax = bytesMax }

    /// The store takes everything, as the last of a queue that ends goes over to its successor.
    func unlimit() { store.bytesMax = Int.max }

    /// Closes the store.
    func close() throws(StoreError) { try store.close() }
}
