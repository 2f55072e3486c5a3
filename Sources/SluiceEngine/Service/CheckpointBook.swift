import SluiceComponent
import SluiceRules

/// What the lanes say when a marker comes by: the state of their rules at that moment.
final class CheckpointBook: Sendable {
    fileprivate struct State {
        /// Lanes that have not seen the marker of the running epoch.
        var waiting: Set<Int> = []
        var epoch = -1
        /// Snapshots that were not saved yet, by lane and rule.
        var states: [Int: [String: RuleState]] = [:]
        var ended: Set<Int> = []
        /// Why the `state` of a rule could not be kept, since this was last asked.
        var refused: [String: String] = [:]

        mutating func keep(_ snapshots: [StateSnapshot], _ lane: Int) {
            for snapshot in snapshots {
                switch snapshot {
                case .changed(let state): states[lane, default: [:]][state.rule] = state
                case .refused(let rule, let reason): refused[rule] = reason
                }
            }
        }
    }

    fileprivate let state = Monitor(State())

    /// An empty book.
    init() {}

    /// A marker is about to be sent to so many lanes.
    func expect(epoch: Int, lanes: Int) {
        state.withLock { state in
            state.epoch = epoch
            state.waiting = Set(0..<lanes).subtracting(state.ended)
        }
    }

    /// A lane has met the marker.
    func reached(_ epoch: Int, lane: Int, _ snapshots: [StateSnapshot]) {
        state.notify { state in
            state.keep(snapshots, lane)
            if epoch == state.epoch { state.waiting.remove(lane) }
        }
    }

    /// A lane has come to its end.
    func ended(lane: Int, _ snapshots: [StateSnapshot]) {
        state.notify { state in
            state.keep(snapshots, lane)
            state.ended.insert(lane)
            state.waiting.remove(lane)
        }
    }

    /// Waits until every lane has met the running marker; nil when the deadline passes or `stop` is set first.
    func snapshots(until deadline: Int64?, stop: StopFlag) -> [Int: [RuleState]]? {
        let answer: [Int: [RuleState]]?? = state.wait(until: deadline) { state in
            if state.waiting.isEmpty { return .some(state.states.mapValues { Array($0.values) }) }
            return stop.isSet ? .some(nil) : nil
        }
        return answer ?? nil
    }

    /// These snapshots are on disk.
    func saved(_ snapshots: [Int: [RuleState]]) {
        state.withLock { state in
            for (lane, saved) in snapshots {
                for snapshot in saved where state.states[lane]?[snapshot.rule] == snapshot {
                    state.states[lane]?[snapshot.rule] = nil
                }
            }
        }
    }

    /// Rules whose `state` could not be kept since this was last asked, with the reason; what was kept before stays.
    func takeRefused() -> [String: String] {
        state.withLock { state in
            defer { state.refused = [:] }
            return state.refused
        }
    }

    /// Lets who waits look at its stop flag.
    func wake() { state.notify { _ in } }
}

extension CheckpointBook {
    /// Waits until so many lanes have ended; false when the deadline passes first.
    func waitForEnd(lanes: Int, until deadline: Int64) -> Bool {
        state.wait(until: deadline) { $0.ended.count == lanes ? true : nil } ?? false
    }
}
