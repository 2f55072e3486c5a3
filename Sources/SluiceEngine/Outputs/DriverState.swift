import SluiceComponent
import SluiceStore

/// What lanes, the output's thread and the engine share, under the driver's lock.
struct DriverState {
    var queue: ParcelQueue
    var counters = OutputCounters()
    /// Files are to be opened anew.
    var isReopening = false
    /// Nothing more will be offered: deliver what there is.
    var isFinishing = false
    /// The disk buffer takes everything, whatever its limits say.
    var isUnlimited = false
    /// What is in the disk buffer is left to a successor; comes with ``isFinishing``.
    var isHandingOver = false
    /// End at once.
    var isStopped = false
    /// The destination will take nothing more, and that is no fault.
    var isClosed = false
    /// The output's thread has ended.
    var hasEnded = false
    /// The writer of the disk buffer has ended.
    var hasWriterEnded = false
    /// The disk buffer has everything that was offered, and nothing more will be.
    var isAllStored = false
    /// Whether the queue is only the way to a disk buffer.
    var isStage = false
    /// Since when the disk buffer takes nothing, nanoseconds since 1970 UTC.
    var storeFailingSince: Int64?
    /// Dead letters that are not lasting yet.
    var unkept = 0
    /// Moves when the output's thread has to look again.
    var signals = 0
    /// What is said of discarded parcels.
    var discarding = FailureReport()

    /// What is in the disk buffer before anything is offered.
    mutating func restore(_ level: DiskBuffer.Level) {
        counters.restored = OutputCounters.Amount(parcels: level.parcels, events: level.events, bytes: level.bytes)
        counters.stored = counters.restored
    }

    /// Whether offers are refused, unanswered.
    var refusesOffers: Bool { isStopped || isClosed || hasEnded || hasWriterEnded }

    /// What the output's thread has to do before anything else.
    struct Orders {
        let reopens: Bool
        let isFinishing: Bool
        let isUnlimited: Bool
        let isHandingOver: Bool
        let isStopped: Bool
        let signals: Int
    }

    /// The orders as they stand.
    var orders: Orders {
        Orders(
            reopens: isReopening, isFinishing: isFinishing, isUnlimited: isUnlimited, isHandingOver: isHandingOver, isStopped: isStopped,
            signals: signals)
    }

    /// The orders for the output's thread: a reopening is handed over once.
    mutating func takeOrders() -> Orders {
        defer { isReopening = false }
        return orders
    }
}
