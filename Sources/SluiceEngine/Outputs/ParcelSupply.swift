import SluiceComponent

/// Where an output's thread takes its parcels from, and what it tells when it is done with them: memory or the disk buffer.
protocol ParcelSupply: AnyObject {
    /// Whether parcels that were given up are kept here until their dead letters are lasting.
    var waitsForLetters: Bool { get }

    /// Whether an output that fails may end: what it leaves is lasting, and nothing more will come.
    var isSafe: Bool { get }

    /// The next batch.
    func take(now: Int64, isFinishing: Bool) throws(SupplyError) -> SupplyTake

    /// A parcel of the batch was handed to the dead letters.
    func abandoned(_ parcel: Parcel)

    /// A part of a parcel of the batch was handed to the dead letters and is no more in it.
    func refused(_ part: Parcel)

    /// The batch is done with: these parcels of it were written and committed. May be called again when it throws.
    func settle(_ delivered: [Parcel]) throws(SupplyError)
}

/// What a supply has.
enum SupplyTake {
    case parcels([Parcel])
    /// Nothing before this moment, or before a signal.
    case wait(until: Int64?)
    /// Nothing, and there will be nothing more.
    case drained
}

/// Why a supply cannot answer now: a sentence.
struct SupplyError: Error {
    let message: String
}

/// Parcels that wait in memory: each is answered when its output is done with it.
final class MemorySupply: ParcelSupply {
    private let index: Int
    private let state: Monitor<DriverState>
    private let time: DriverTime

    /// The queue in `state`, for the output with this index.
    init(index: Int, state: Monitor<DriverState>, time: DriverTime) {
        self.index = index
        self.state = state
        self.time = time
    }

    var waitsForLetters: Bool { false }

    var isSafe: Bool { false }

    func take(now: Int64, isFinishing: Bool) -> SupplyTake {
        // Whoever waits for room is woken by every take.
        state.notify { state in
            switch state.queue.take(now: now, isHurried: isFinishing) {
            case .parcels(let parcels): .parcels(parcels)
            case .collect(let end): .wait(until: end)
            case .empty: isFinishing ? .drained : .wait(until: nil)
            }
        }
    }

    func abandoned(_ parcel: Parcel) {
        let amount = OutputCounters.Amount(parcel)
        state.withLock { state in
            state.counters.deadLettered += amount
            state.queue.finished(amount, isLast: false)
        }
        parcel.answer(index, .deadLettered)
    }

    func refused(_ part: Parcel) {
        let amount = OutputCounters.Amount(part: part)
        state.withLock { state in
            state.counters.deadLettered += amount
            state.queue.finished(amount, isLast: false)
        }
    }

    func settle(_ delivered: [Parcel]) {
        let amount = OutputCounters.Amount(delivered)
        let now = time.wall()
        state.withLock { state in
            if amount.parcels > 0 { state.counters.lastSuccess = now }
            state.counters.delivered += amount
            state.queue.finished(amount, isLast: true)
        }
        for parcel in delivered { parcel.answer(index, .delivered) }
    }
}

extension Parcel {
    /// Keeps the promise of a parcel that has one, for this output; once.
    func answer(_ output: Int, _ outcome: DeliveryOutcome) {
        delivery?.answer(output: output, outcome, refused: refused)
        delivery = nil
    }
}
