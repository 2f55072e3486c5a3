import ArgumentParser
import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceDecoding
import SluiceEngine
import SluiceEvent
import SluiceFraming
import SluiceInputs
import SluiceOutputs
import SluiceRules

/// One run of `sluice filter`: from the options to a pipeline, and what it tells to a result.
final class FilterRun {
    private let options: FilterCommand
    private let rulePaths: [String]
    private let inputPaths: [String]
    private let reporter = FilterReporter()

    init(_ options: FilterCommand) {
        self.options = options
        let rules = options.names.prefix { $0.hasSuffix(".lua") }
        rulePaths = Array(rules)
        let inputs = Array(options.names.dropFirst(rules.count)) + options.files
        inputPaths = inputs.isEmpty ? ["-"] : inputs
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        // Whatever can be wrong shows before an output is emptied.
        let setting = try FilterSetting(options, inputs: inputPaths)
        let lane = try loadRules(setting)
        let outputs = try openOutputs(setting)
        let pipeline = try makePipeline(lane, setting, outputs)
        let stop = StopSignal()
        do {
            try readInputs(pipeline, setting, stop)
            try pipeline.finish()
        } catch let error as OutputError {
            if error.code == .closed { throw ExitCode(status(pipeline).rawValue) }
            report(pipeline, outputs, setting)
            throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .cannotWrite)
        }
        report(pipeline, outputs, setting)
        if let number = stop.received { throw ExitCode(128 + number) }
        let status = reporter.faultStatus ?? status(pipeline)
        if status != .done { throw ExitCode(status.rawValue) }
    }

    private func status(_ pipeline: FilterPipeline) -> Status {
        pipeline.failures > 0 || reporter.refusals > 0 ? .refused : .done
    }

    // MARK: - Making the pipeline

    private func loadRules(_ setting: FilterSetting) throws -> RuleLane {
        let api = try RuleArguments.api(
            options.api, call: options.call, timeAsTable: options.timeAsTable, environment: options.env)
        let policy = ErrorPolicy(options.onError)
        if case .output(let name) = policy, !setting.outputs.contains(where: { $0.name == name }) {
            let known = ["dead_letter", "pass", "drop"] + setting.outputs.map(\.name)
            throw Terminal.fail(OptionValues.unknown(name, in: known, what: "policy or output", of: "`--on-error`"), .usage)
        }
        var rules = try rulePaths.map { try RuleArguments.read($0, api: api, onError: policy) }
        for (name, code) in zip(codeNames, options.code) {
            rules.append(.body(code, name: name, folder: ".", onError: policy))
        }
        let context = HostContext(
            now: setting.now ?? SystemClock.nanoseconds, localZone: setting.zone, logSink: { [reporter] in reporter.log($0) })
        do throws(RuleFailure) {
            return try RuleLane(
                rules: rules, outputs: setting.outputs.map(\.name), inputs: inputPaths, limits: setting.limits, context: context)
        } catch {
            throw Terminal.fail(error.rendered(), .cannotLoad)
        }
    }

    /// What rules given with `-e` are called.
    private var codeNames: [String] { options.code.indices.map { $0 == 0 ? "-e" : "-e (\($0 + 1))" } }

    private func openOutputs(_ setting: FilterSetting) throws -> [OutputStage] {
        var readers: [FileIdentity: String] = [:]
        for path in inputPaths {
            if let identity = FileIdentity(path: path == "-" ? "/dev/stdin" : path) {
                readers[identity] = path == "-" ? "standard input" : "the input `\(path)`"
            }
        }
        for path in rulePaths { if let identity = FileIdentity(path: path) { readers[identity] = "the rule `\(path)`" } }
        let letters = options.deadLetters.map { [(name: "--dead-letters", path: Optional($0))] } ?? []
        for (name, path) in setting.outputs + letters {
            let isStandard = path == nil || path == "-"
            guard let identity = FileIdentity(path: isStandard ? "/dev/stdout" : path!), let reader = readers[identity] else {
                continue
            }
            let what = name == "--dead-letters" ? "`--dead-letters`" : "output `\(name)`"
            throw Terminal.fail("\(what) would overwrite \(reader); name another file", .usage)
        }
        do {
            var outputs: [OutputStage] = []
            var writers: [FileIdentity: String] = [:]
            var hasStandard = false
            for (name, path) in setting.outputs {
                let stage = try makeOutput(name, path, setting.encoder())
                let isStandard = path == nil || path == "-"
                if let identity = stage.identity, !(isStandard && hasStandard),
                    let other = writers.updateValue("output `\(name)`", forKey: identity)
                {
                    throw Terminal.fail(
                        "\(other) and output `\(name)` write the same file `\(path ?? "-")`; name another one", .usage)
                }
                // Several names may mean standard output: they share its place in the file.
                hasStandard = hasStandard || isStandard
                outputs.append(stage)
            }
            try reporter.openDeadLetters(options.deadLetters)
            if let path = options.deadLetters, let identity = reporter.deadLetterFile, let other = writers[identity] {
                throw Terminal.fail("\(other) and `--dead-letters` write the same file `\(path)`; name another one", .usage)
            }
            return outputs
        } catch let error as OutputError {
            throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .cannotCreate)
        }
    }

    private func makeOutput(_ name: String, _ path: String?, _ encoder: any Encoder) throws(OutputError) -> OutputStage {
        let isStandard = path == nil || path == "-"
        let writer = isStandard ? FileWriter(descriptor: STDOUT_FILENO, name: "standard output") : try FileWriter(path: path!)
        return OutputStage(name: name, encoder: encoder, writer: writer)
    }

    private func makePipeline(_ lane: RuleLane, _ setting: FilterSetting, _ outputs: [OutputStage]) throws -> FilterPipeline {
        let decoder = setting.decoding.decoder()
        let standard = outputs.firstIndex { $0.name == "stdout" } ?? 0
        return FilterPipeline(
            lane: lane, decoder: decoder, formatName: OptionText(options.format).name, outputs: outputs,
            defaultOutputs: [standard], now: setting.now, hooks: reporter.hooks(showsProgress: showsProgress))
    }

    private var showsProgress: Bool { Terminal.isErrorTerminal && isatty(STDOUT_FILENO) == 0 && !inputPaths.contains("-") }

    // MARK: - Reading

    private func readInputs(_ pipeline: FilterPipeline, _ setting: FilterSetting, _ stop: StopSignal) throws {
        if inputPaths.contains("-"), isatty(STDIN_FILENO) == 1, Terminal.isErrorTerminal {
            Terminal.say("reading standard input from this terminal; Ctrl-D ends it; `sluice help filter` tells more")
        }
        for (index, path) in inputPaths.enumerated() {
            do {
                reporter.startInput(path)
                let reader =
                    path == "-"
                    ? try FileReader(descriptor: STDIN_FILENO, name: "standard input", closes: false)
                    : try FileReader(path: path, follows: options.follow)
                var stage = InputStage(reader, framer: setting.decoding.framer(), charset: setting.decoding.charset)
                stage.stopDescriptor = stop.descriptor
                guard try pipeline.runInput(&stage, source: UInt32(index)) else { return }
            } catch let error as InputError {
                // The other files are read all the same, as cat and grep do.
                reporter.inputFailed(error)
            }
        }
    }

    private func report(_ pipeline: FilterPipeline, _ outputs: [OutputStage], _ setting: FilterSetting) {
        let frames = FilterLosses(
            framing: pipeline.framing, frameBytesMax: setting.decoding.frameBytesMax, framingName: options.framing
        ).frames
        let columns = outputs.compactMap { FilterLosses.columns($0, encoding: OptionText(options.encoding)) }
        reporter.finish(pipeline, losses: [frames].compactMap { $0 } + columns)
        if let form = options.stats { FilterStatistics(pipeline, outputs, rulePaths + codeNames).print(form) }
    }
}
