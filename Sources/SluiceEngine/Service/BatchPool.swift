import CSluice
import SluiceComponent
import SluiceEvent

/// The batches of one input: so many are made, and each comes back when its lane is done with it.
final class BatchPool: Sendable {
    private struct State {
        var free: [BatchBox] = []
        var made = 0
    }

    /// Batches that one input may have under way.
    static let batchesMax = 4
    /// A batch whose arena grew beyond this is given back to the system.
    private static let keptBytesMax = 8 << 20

    private let state = Monitor(State())

    /// A pool without batches.
    init() {}

    /// An empty batch; waits while all are under way. Nil when `stop` was set (who sets it calls ``wake()``), or with a `deadline`
    /// (monotonic) when that has passed.
    func take(stop: StopFlag, until deadline: Int64? = nil) -> BatchBox? {
        let taken: BatchBox?? = state.wait(until: deadline) { state in
            if let box = state.free.popLast() { return .some(box) }
            if state.made < Self.batchesMax {
                state.made += 1
                return .some(BatchBox())
            }
            return stop.isSet && deadline == nil ? .some(nil) : nil
        }
        return taken ?? nil
    }

    /// Whether all batches are under way.
    var isExhausted: Bool { state.withLock { $0.free.isEmpty && $0.made == Self.batchesMax } }

    /// Takes a batch back.
    func give(_ box: BatchBox) {
        let isKept = box.events.raw.pointee.capacity <= UInt32(Self.keptBytesMax)
        if isKept { box.events.clear() }
        state.notify { state in
            if isKept { state.free.append(box) } else { state.made -= 1 }
        }
    }

    /// Lets a waiting ``take(stop:)`` look at its flag.
    func wake() { state.notify { _ in } }
}
