import CSluice
package import SluiceComponent

/// The parcels that wait for an output, bounded in events and bytes: a state machine without lock, clock or thread.
///
/// A parcel that is taken stays counted as *in hand* until ``finished(_:)``, outside of the limits: they are for what waits. One
/// larger than the limits is let into an empty queue. Lanes that have to wait are served in the order in which they came, so that a
/// lane with large parcels is not overtaken for ever by one with small ones.
package struct ParcelQueue {
    /// What becomes of a parcel that is offered.
    package enum Admission {
        /// It waits in the queue now; `evicted` made room for it. `wakes` says that the output's thread may have something to do.
        case accepted(evicted: [Parcel], wakes: Bool)
        /// There is no room: offer it again with the same turn when something was taken.
        case wait
        /// There is no room, and it is not to wait.
        case refused
    }

    /// What an output that is free gets.
    package enum Take {
        case parcels([Parcel])
        /// There are parcels, which may collect until this moment.
        case collect(until: Int64)
        case empty
    }

    private struct Entry {
        let parcel: Parcel
        let events: Int
        /// Bytes of records and of dead letters: what it costs.
        let size: Int
        let since: Int64
        /// Nanoseconds since 1970 UTC.
        let time: Int64
    }

    private let buffer: OutputOptions.Buffer
    private let batch: OutputOptions.Batch
    /// Entries before `head` have left.
    private var entries: [Entry?] = []
    private var head = 0
    private var waitingEvents = 0
    private var waitingSize = 0
    private var handTime: Int64?
    private var lastTurn = 0
    private var nextTurn = 1
    /// Up to this turn lanes come in whether there is room or not.
    private var turnLetIn = 0
    /// Parcels that wait or are in hand.
    package private(set) var amount = OutputCounters.Amount()

    /// An empty queue.
    package init(_ buffer: OutputOptions.Buffer, batch: OutputOptions.Batch) {
        self.buffer = buffer
        self.batch = batch
    }

    /// Parcels that wait.
    package var count: Int { entries.count - head }

    /// When the oldest parcel that waits or is in hand was offered, nanoseconds since 1970 UTC.
    package var oldest: Int64? { handTime ?? first?.time }

    /// Whether a lane waits for room.
    var isAwaited: Bool { nextTurn <= lastTurn }

    private var first: Entry? { head < entries.count ? entries[head] : nil }

    private var fillsBatch: Bool { waitingEvents >= batch.maxEvents || waitingSize >= batch.maxBytes }

    /// A lane offers a parcel. `turn` is nil at first and is kept by the lane while the answer is `.wait`; `now` is monotonic, `time`
    /// is nanoseconds since 1970 UTC.
    package mutating func offered(_ parcel: Parcel, turn: inout Int?, now: Int64, time: Int64) -> Admission {
        let entry = Entry(
            parcel: parcel, events: parcel.events, size: parcel.byteCount + parcel.letters.pointee.length, since: now, time: time)
        if buffer.whenFull == .block, !isTurn(turn) || !(isLetIn(turn) || fits(entry)) {
            if turn == nil {
                lastTurn += 1
                turn = lastTurn
            }
            return .wait
        }
        if turn != nil {
            nextTurn += 1
            turn = nil
        }
        if buffer.whenFull == .dropNewest, !fits(entry) { return .refused }
        var evicted: [Parcel] = []
        while buffer.whenFull == .dropOldest, !fits(entry), let oldest = removeFirst() { evicted.append(oldest.parcel) }
        for parcel in evicted { amount -= OutputCounters.Amount(parcel) }
        let filledBatch = fillsBatch
        append(entry)
        return .accepted(evicted: evicted, wakes: count == 1 || fillsBatch != filledBatch)
    }

    /// The output is free. A hurried one does not wait for more.
    package mutating func take(now: Int64, isHurried: Bool) -> Take {
        guard let first else { return .empty }
        let end = first.since + batch.maxTime
        guard isHurried || now >= end || fillsBatch else { return .collect(until: end) }
        var parcels: [Parcel] = []
        var events = 0
        var bytes = 0
        handTime = first.time
        while let next = self.first {
            events += next.events
            bytes += next.parcel.byteCount
            if !parcels.isEmpty, events > batch.maxEvents || bytes > batch.maxBytes { break }
            _ = removeFirst()
            parcels.append(next.parcel)
        }
        return .parcels(parcels)
    }

    /// Parcels that were taken are done with.
    package mutating func finished(_ done: OutputCounters.Amount, isLast: Bool) {
        amount -= done
        if isLast { handTime = nil }
    }

    /// Lanes that wait now come in, one parcel each, beyond the limits.
    package mutating func letIn() { turnLetIn = lastTurn }

    private func isLetIn(_ turn: Int?) -> Bool { turn.map { $0 <= turnLetIn } ?? false }

    private func isTurn(_ turn: Int?) -> Bool { turn.map { $0 == nextTurn } ?? (nextTurn > lastTurn) }

    private func fits(_ entry: Entry) -> Bool {
        if count == 0 { return true }
        let (events, overflow) = waitingEvents.addingReportingOverflow(entry.events)
        return !overflow && events <= buffer.maxEvents && waitingSize + entry.size <= buffer.maxBytes
    }

    private mutating func append(_ entry: Entry) {
        entries.append(entry)
        waitingEvents += entry.events
        waitingSize += entry.size
        amount += OutputCounters.Amount(entry.parcel)
    }

    private mutating func removeFirst() -> Entry? {
        guard let entry = first else { return nil }
        entries[head] = nil
        head += 1
        if head == entries.count || head >= 256 && head * 2 >= entries.count {
            entries.removeFirst(head)
            head = 0
        }
        waitingEvents -= entry.events
        waitingSize -= entry.size
        return entry
    }
}
