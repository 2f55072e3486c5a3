import SluiceComponent
import SluiceEncoding
import SluiceEvent
import SluiceOutputs
import SluiceRules

/// What runs: the inputs by number, the outputs by bit, and the configuration and generation that they belong to.
///
/// Numbers are never used for another input, because events that are on their way keep them; a bit is used again when its output
/// has ended.
struct Topology {
    struct RunningInput {
        let configuration: InputConfiguration
        let driver: InputDriver
    }

    struct RunningOutput {
        let configuration: OutputConfiguration
        let driver: OutputDriver
        /// Later ones are higher; of outputs of one name only the first runs, each of the others begins when the one before has ended.
        let order: Int
        /// When the lanes have let go of an output that was taken out of the configuration; nil while it is in it.
        var departure: LaneAnswers?

        /// Taken out of the configuration; ends when everything is written, or at once when a successor goes on with its disk buffer.
        var isLeaving: Bool { departure != nil }
    }

    var configuration: ServiceConfiguration
    /// What the program was started with: what a reload does not change runs by this.
    let started: ServiceConfiguration
    var generation: Generation
    /// By number; nil for those taken out of the configuration.
    var inputs: [RunningInput?] = []
    /// Names by number, of all there ever were.
    var inputNames: [String] = []
    /// By bit.
    var outputs = [RunningOutput?](repeating: nil, count: Topology.outputsMax)
    private var outputsMade = 0

    /// What a configuration begins with, before there is an input or output.
    init(configuration: ServiceConfiguration, generation: Generation) {
        self.configuration = configuration
        started = configuration
        self.generation = generation
    }

    /// Bits in `sl_event.outputs`.
    static let outputsMax = 64

    /// An output for a driver that was just made.
    mutating func runningOutput(_ configuration: OutputConfiguration, _ driver: OutputDriver) -> RunningOutput {
        outputsMade += 1
        return RunningOutput(configuration: configuration, driver: driver, order: outputsMade)
    }

    /// The bits of outputs of a name, the earliest first.
    func outputBits(named name: String) -> [Int] {
        outputs.indices.filter { outputs[$0]?.configuration.name == name }.sorted { outputs[$0]!.order < outputs[$1]!.order }
    }

    /// Names of the outputs by bit; empty for holes and for those that leave.
    var outputNames: [String] {
        let last = outputs.lastIndex { $0 != nil } ?? -1
        return outputs[...last].map { output in output.map { $0.isLeaving ? "" : $0.configuration.name } ?? "" }
    }

    /// What one lane needs of the outputs: encoders of its own.
    func laneOutputs() -> LaneOutputs {
        let names = outputNames
        let places = names.indices.map { index -> LaneOutputs.Place? in
            guard !names[index].isEmpty, let output = outputs[index] else { return nil }
            let configuration = output.configuration
            let encoder = configuration.makeEncoder(inputs: inputNames)
            return LaneOutputs.Place(
                output: LaneOutput(
                    index: index, encoder: encoder, path: configuration.plan.path, keepsEvents: configuration.mayRefuseEvents),
                driver: output.driver)
        }
        return LaneOutputs(places: places, names: names, inputs: inputNames, defaults: generation.defaults)
    }
}

/// One loaded version of the rule set, and where its unrouted events go.
struct Generation: Sendable {
    let rules: RuleGeneration
    /// Bits of the default outputs.
    let defaults: UInt64
    /// When the lanes had adopted it, nanoseconds since 1970 UTC.
    var loadedAt: Int64

    var number: Int { rules.number }
}

extension OutputConfiguration {
    /// Whether the output may give up on an event: after so many attempts, or because its path cannot be.
    var mayRefuseEvents: Bool { options.mayGiveUp || !(plan.path?.fieldNames.isEmpty ?? true) }
}
