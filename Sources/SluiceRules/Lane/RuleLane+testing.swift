import CSluice

/// What tests of rules ask of a lane, beside running events.
extension RuleLane {
    /// Names of all outputs so far, by their bit.
    var outputNames: [String] {
        guard acceptsAnyOutput else { return outputs }
        return (0..<sl_lane_output_count(lane)).map { sl_lane_output(lane, $0).string }
    }

    private var inputNames: [String] { generation.inputs + addedInputs }

    /// The number of an input by its name, which becomes an input when it is none.
    func addInput(_ name: String) -> UInt32 {
        if let index = inputNames.firstIndex(of: name) { return UInt32(index) }
        addedInputs.append(name)
        sl_lane_set_inputs(lane, nameTexts.add(list: inputNames), UInt32(inputNames.count))
        return UInt32(inputNames.count - 1)
    }

    /// Name of an input by its number; empty for events of timers.
    func inputName(_ number: UInt32) -> String { Int(number) < inputNames.count ? inputNames[Int(number)] : "" }

    /// From a host function, while a rule of this lane runs: `event` is this one from now on; nil for none.
    func show(_ batch: UnsafeMutablePointer<sl_batch>?, _ event: UInt32) { sl_lane_show(lane, batch, event) }

    /// The clock that rules see.
    var clock: Int64 { sl_lane_clock(lane) }
}
