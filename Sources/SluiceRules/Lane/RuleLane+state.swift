import CSluice

/// The rules' `state` on its way to where it outlives the process.
extension RuleLane {
    /// What is new about the states since this was asked last, or everything with `all`.
    ///
    /// A rule that did not run since costs nothing; one that ran and left its state as it was costs the writing of it. Give the
    /// states that were kept last to the lane that is made at the next start.
    package func stateSnapshots(all: Bool = false) -> [StateSnapshot] {
        var snapshots: [StateSnapshot] = []
        for index in rules.indices where sl_lane_take_ran(lane, UInt16(index)) || all {
            let snapshot = snapshot(index, bytesMax: limits.stateBytesMax)
            if stateMemory.isNew(snapshot) || all { snapshots.append(snapshot) }
        }
        return snapshots
    }

    /// The states of all rules that can be kept.
    func states(bytesMax: Int) -> [RuleState] {
        rules.indices.compactMap { index in
            if case .changed(let state) = snapshot(index, bytesMax: bytesMax) { state } else { nil }
        }
    }

    private func snapshot(_ index: Int, bytesMax: Int) -> StateSnapshot {
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        let isKept = sl_lane_save_state(lane, UInt16(index), bytesMax, &buffer)
        let bytes = Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length))
        let name = rules[index].name
        if !isKept { return .refused(rule: name, reason: String(decoding: bytes, as: UTF8.self)) }
        return .changed(RuleState(rule: name, version: sl_lane_state_version(lane, UInt16(index)), bytes: bytes))
    }
}
