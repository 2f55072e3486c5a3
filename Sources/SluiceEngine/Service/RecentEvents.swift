import CSluice
import SluiceComponent
import SluiceEvent

/// Copies of events that came lately, as they were before the rules: what a new generation is tried on.
///
/// Two halves of a ring: one fills, the other is full; so between one half and all of `eventsMax` events are at hand. Copying every
/// event would cost a busy lane about a tenth of its time, so a budget per second is copied: a slow stream is kept whole, of a
/// fast one a stretch every now and then.
final class RecentEvents: Sendable {
    /// Events and bytes kept at most, over both halves.
    struct Limits: Sendable {
        var eventsMax = 1_000
        var bytesMax = 4 << 20
        /// Events copied in a second at most.
        var eventsPerSecondMax = 10_000

        /// The defaults.
        init() {}
    }

    private struct State {
        var filling = BatchBox()
        var full = BatchBox()
        /// When the running second began, and the events copied in it.
        var second: Int64 = 0
        var copied = 0
    }

    private let limits: Limits
    private let state = Monitor(State())

    /// Nothing seen yet.
    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Keeps events of a batch that no rule has seen yet. `now` is nanoseconds since 1970 UTC.
    func keep(_ batch: borrowing EventBatch, now: Int64) {
        let raw = batch.raw
        state.withLock { state in
            if now - state.second >= 1_000_000_000 || now < state.second {
                state.second = now
                state.copied = 0
            }
            var index = raw.pointee.first
            while index != UInt32.max, state.copied < limits.eventsPerSecondMax {
                if state.filling.events.count >= limits.eventsMax / 2 || state.filling.events.byteCount >= limits.bytesMax / 2 {
                    swap(&state.filling, &state.full)
                    state.filling.events.clear()
                }
                let event = raw.pointee.events + Int(index)
                // An event that would fill the ring by itself is none to try rules on.
                if Int(event.pointee.raw.length) < limits.bytesMax / 4 {
                    sl_event_copy(state.filling.events.raw, raw, event)
                }
                state.copied += 1
                index = event.pointee.next
            }
        }
    }

    /// Appends copies of all kept events to a batch, oldest first; answers how many.
    func copy(into batch: borrowing EventBatch) -> Int {
        let to = batch.raw
        state.withLock { state in
            for raw in [state.full.events.raw, state.filling.events.raw] {
                for index in 0..<Int(raw.pointee.event_count) { sl_event_copy(to, raw, raw.pointee.events + index) }
            }
        }
        return batch.count
    }
}
