/// What a new configuration changes of inputs and outputs: only what differs is restarted. Decided without touching anything.
struct TopologyChange {
    /// Numbers of the inputs that go on, with their new configuration.
    private(set) var keptInputs: [Int: InputConfiguration] = [:]
    private(set) var newInputs: [(number: Int, configuration: InputConfiguration)] = []
    private(set) var endedInputs: [Int] = []
    /// Bits of the outputs that go on, with their new configuration.
    private(set) var keptOutputs: [Int: OutputConfiguration] = [:]
    private(set) var newOutputs: [(bit: Int, configuration: OutputConfiguration)] = []
    private(set) var endedOutputs: [Int] = []
    /// Names of outputs by bit afterwards; empty for holes and for those that leave.
    private(set) var outputNames: [String] = []
    /// Names of inputs by number afterwards, of all there ever were.
    private(set) var inputNames: [String]
    /// Bits of the default outputs.
    private(set) var defaults: UInt64 = 0
    /// Settings that differ from those that the program was started with and wait for the next start, as sentences.
    let notes: [String]
    let configuration: ServiceConfiguration

    /// Compares a configuration with what runs. Throws when there is no bit for a new output.
    init(from old: Topology, to new: ServiceConfiguration) throws(ServiceError) {
        configuration = new
        notes = Self.waiting(old.started, new)
        inputNames = old.inputNames
        compareInputs(old, new)
        try compareOutputs(old, new)
        defaults = new.defaultOutputs.map { new.outputs[$0].name }.reduce(0) { sum, name in
            outputNames.firstIndex(of: name).map { sum | 1 << UInt64($0) } ?? sum
        }
    }

    private mutating func compareInputs(_ old: Topology, _ new: ServiceConfiguration) {
        for (number, input) in old.inputs.enumerated() {
            guard let input else { continue }
            if let same = new.inputs.first(where: { $0 == input.configuration }) {
                keptInputs[number] = same
            } else {
                endedInputs.append(number)
            }
        }
        for input in new.inputs where !keptInputs.values.contains(input) {
            newInputs.append((inputNames.count, input))
            inputNames.append(input.name)
        }
    }

    private mutating func compareOutputs(_ old: Topology, _ new: ServiceConfiguration) throws(ServiceError) {
        var isTaken = old.outputs.map { $0 != nil }
        for (bit, output) in old.outputs.enumerated() {
            guard let output, !output.isLeaving else { continue }
            if let same = new.outputs.first(where: { $0 == output.configuration }) {
                keptOutputs[bit] = same
            } else {
                endedOutputs.append(bit)
            }
        }
        for output in new.outputs where !keptOutputs.values.contains(output) {
            guard let bit = isTaken.firstIndex(of: false) else {
                throw ServiceError(
                    .cannotLoad,
                    "no room for output `\(output.name)`: \(Topology.outputsMax) outputs run or still write what they have; try again")
            }
            isTaken[bit] = true
            newOutputs.append((bit, output))
        }
        let running = keptOutputs.map { ($0.key, $0.value.name) } + newOutputs.map { ($0.bit, $0.configuration.name) }
        outputNames = Array(repeating: "", count: (running.map(\.0).max() ?? -1) + 1)
        for (bit, name) in running { outputNames[bit] = name }
    }

    private static func waiting(_ old: ServiceConfiguration, _ new: ServiceConfiguration) -> [String] {
        var names: [String] = []
        if old.dataFolder != new.dataFolder { names.append("data_dir") }
        if old.admin != new.admin { names.append("admin") }
        if old.workers != new.workers { names.append("workers") }
        if old.partitionBy != new.partitionBy { names.append("partition_by") }
        if old.limits != new.limits { names.append("limits of rules") }
        if old.deadLetters != new.deadLetters { names.append("dead_letters") }
        if old.checkpointInterval != new.checkpointInterval { names.append("checkpoint_interval") }
        if old.log != new.log { names.append("log") }
        return names.map { "`\($0)` changed; it takes effect at the next start" }
    }
}
