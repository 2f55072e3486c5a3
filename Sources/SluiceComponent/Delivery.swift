import Synchronization

/// What became of a parcel at its output.
package enum DeliveryOutcome: Sendable, Equatable {
    /// Written, or taken by the output's disk buffer.
    case delivered
    /// A full buffer refused it by its policy.
    case discarded
    /// The output gave up on it: it is kept among the dead letters.
    case deadLettered
}

/// The promise attached to a batch: each output that got a part of it answers once, and when the last one has, `finished` is told
/// what became of the batch's events.
///
/// A delivery is made by the lane when a batch was routed, with one group for each distinct set of outputs among its events. It is
/// answered from the threads of the outputs. An event is dead-lettered when any of its outputs dead-lettered it, else discarded
/// when all of them discarded it, else delivered. Of events that several outputs refused in part nobody knows whether they are the
/// same ones: they count as different ones.
package final class Delivery: Sendable {
    /// Events of a batch that go to the same outputs.
    package struct Group: Sendable, Equatable {
        /// Bit n = output n; never 0.
        package let outputs: UInt64
        package var events: Int

        /// A group.
        package init(outputs: UInt64, events: Int) {
            self.outputs = outputs
            self.events = events
        }
    }

    /// How the events of a batch ended.
    package struct Result: Sendable, Equatable {
        package var delivered = 0
        package var discarded = 0
        package var deadLettered = 0

        /// Nothing yet.
        package init() {}
    }

    private struct State {
        var waiting: UInt64
        var discarding: UInt64 = 0
        var deadLettering: UInt64 = 0
        /// Events by group that an output refused while it took the rest; empty when there are none.
        var refused: [Int] = []
    }

    private let groups: [Group]
    private let state: Mutex<State>
    private let finished: @Sendable (Result) -> Void

    /// A delivery that waits for every output of its groups; `finished` is called once, on the thread of the last answer, at once
    /// when there is no group.
    package init(_ groups: [Group], finished: @escaping @Sendable (Result) -> Void) {
        self.groups = groups
        self.finished = finished
        let waiting = groups.reduce(0) { $0 | $1.outputs }
        state = Mutex(State(waiting: waiting))
        if waiting == 0 { finished(Result()) }
    }

    /// One output's answer. Exactly once for each output of the groups. `refused` are events, by where they go, that the output gave
    /// up on although the outcome for the rest was another.
    package func answer(output: Int, _ outcome: DeliveryOutcome, refused: [Group] = []) {
        let bit = UInt64(1) << UInt64(output)
        let ended: State? = state.withLock { state in
            precondition(state.waiting & bit != 0, "output \(output) answered a delivery twice or without a part in it")
            state.waiting &= ~bit
            switch outcome {
            case .delivered: break
            case .discarded: state.discarding |= bit
            case .deadLettered: state.deadLettering |= bit
            }
            for refused in refused { note(refused, bit, &state) }
            return state.waiting == 0 ? state : nil
        }
        if let ended { finished(result(ended)) }
    }

    private func note(_ refused: Group, _ bit: UInt64, _ state: inout State) {
        let same = groups.firstIndex { $0.outputs == refused.outputs } ?? groups.firstIndex { $0.outputs & bit != 0 }
        guard let same else { return }
        if state.refused.isEmpty { state.refused = groups.map { _ in 0 } }
        state.refused[same] += refused.events
    }

    private func result(_ state: State) -> Result {
        var result = Result()
        for (index, group) in groups.enumerated() {
            if group.outputs & state.deadLettering != 0 {
                result.deadLettered += group.events
                continue
            }
            let refused = state.refused.isEmpty ? 0 : min(state.refused[index], group.events)
            result.deadLettered += refused
            if group.outputs & ~state.discarding == 0 {
                result.discarded += group.events - refused
            } else {
                result.delivered += group.events - refused
            }
        }
        return result
    }
}
