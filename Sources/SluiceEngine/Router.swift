import CSluice
package import SluiceEvent

/// Turns the verdicts of a batch into outputs and ledger entries.
package struct Router {
    /// Bits of the outputs that unrouted events take.
    package let defaultOutputs: UInt64
    package private(set) var ledger = Ledger()
    /// Events dropped, by rule index.
    package private(set) var droppedByRule: [Int]
    /// Events with each flag, by bit.
    package private(set) var flagged: [Int]

    /// A router for `rules` rules.
    package init(defaultOutputs: UInt64, rules: Int) {
        self.defaultOutputs = defaultOutputs
        droppedByRule = [Int](repeating: 0, count: rules)
        flagged = [Int](repeating: 0, count: 64)
    }

    /// Frames that were refused before they became events.
    package mutating func countRefused(_ count: Int) {
        ledger.received += count
        ledger.deadLettered += count
    }

    /// Events that came out of the decoder.
    package mutating func countReceived(_ count: Int) { ledger.received += count }

    /// Events that rules added.
    package mutating func countEmitted(_ count: Int) { ledger.emitted += count }

    /// What was counted since the last call: the ledger's buckets of events that go nowhere, events dropped by rule index, and
    /// flagged events by bit; those above zero only.
    package mutating func take() -> (ledger: Ledger, droppedByRule: [(Int, Int)], flagged: [(Int, Int)]) {
        let dropped = droppedByRule.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) }
        let flags = flagged.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) }
        for (index, _) in dropped { droppedByRule[index] = 0 }
        for (bit, _) in flags { flagged[bit] = 0 }
        defer { ledger = Ledger() }
        return (ledger, dropped, flags)
    }

    /// Gives every event its final outputs and its bucket; answers the bits of all outputs that have something to write.
    ///
    /// An event that a rule dropped but `also` sent somewhere counts as delivered.
    package mutating func route(_ batch: borrowing EventBatch) -> UInt64 {
        var used: UInt64 = 0
        var delivered = 0
        var index = batch.raw.pointee.first
        while index != UInt32.max, let events = batch.raw.pointee.events {
            let event = events + Int(index)
            if event.pointee.verdict == UInt8(SL_DEFAULTED) { event.pointee.outputs |= defaultOutputs }
            if event.pointee.outputs != 0 {
                used |= event.pointee.outputs
                delivered += 1
            } else {
                countKept(event.pointee)
            }
            if event.pointee.flags != 0 { countFlags(event.pointee.flags) }
            index = event.pointee.next
        }
        ledger.delivered += delivered
        return used
    }

    private mutating func countKept(_ event: sl_event) {
        switch Int(event.verdict) {
        case SL_DROPPED:
            ledger.dropped += 1
            droppedByRule[Int(event.rule)] += 1
        case SL_DEDUPLICATED: ledger.deduplicated += 1
        case SL_THROTTLED: ledger.throttled += 1
        case SL_SAMPLED: ledger.sampled += 1
        case SL_FAILED: ledger.deadLettered += 1
        default: ledger.unrouted += 1
        }
    }

    @inline(__always) private mutating func countFlags(_ flags: UInt64) {
        var rest = flags
        while rest != 0 {
            flagged[rest.trailingZeroBitCount] += 1
            rest &= rest - 1
        }
    }
}
