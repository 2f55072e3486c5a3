import ArgumentParser
import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceDecoding
import SluiceEncoding
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
    private let reporter: FilterReporter

    init(_ options: FilterCommand) throws {
        self.options = options
        let rules = options.names.prefix { $0.hasSuffix(".lua") }
        rulePaths = Array(rules)
        let inputs = Array(options.names.dropFirst(rules.count)) + options.files
        inputPaths = inputs.isEmpty ? ["-"] : inputs
        reporter = try FilterReporter(deadLetters: options.deadLetters)
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let setting = try FilterSetting(options, inputs: inputPaths)
        let outputs = try openOutputs(setting)
        let pipeline = try makePipeline(setting, outputs)
        let stop = StopSignal()
        do {
            try readInputs(pipeline, setting, stop)
            try pipeline.finish()
        } catch let error as OutputError {
            if error.code == .closed { throw ExitCode(status(pipeline).rawValue) }
            report(pipeline, outputs)
            throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .cannotWrite)
        }
        report(pipeline, outputs)
        if let number = stop.received { throw ExitCode(128 + number) }
        let status = reporter.inputStatus ?? status(pipeline)
        if status != .done { throw ExitCode(status.rawValue) }
    }

    private func status(_ pipeline: FilterPipeline) -> Status {
        pipeline.failures > 0 || reporter.refusals > 0 ? .refused : .done
    }

    // MARK: - Making the pipeline

    private func openOutputs(_ setting: FilterSetting) throws -> [OutputStage] {
        var outputs: [OutputStage] = []
        var identities: [FileIdentity: String] = [:]
        let inputs = Set(inputPaths.compactMap { FileIdentity(path: $0) })
        for (name, path) in setting.outputs {
            if let path, path != "-", let identity = FileIdentity(path: path), inputs.contains(identity) {
                throw Terminal.fail("output `\(name)` would overwrite the input `\(path)`; name another file", .usage)
            }
            let stage = try makeOutput(name, path)
            if let identity = stage.identity, let other = identities.updateValue(name, forKey: identity) {
                throw Terminal.fail("outputs `\(other)` and `\(name)` write the same file `\(path ?? "-")`", .usage)
            }
            outputs.append(stage)
        }
        return outputs
    }

    private func makeOutput(_ name: String, _ path: String?) throws -> OutputStage {
        do {
            let text = OptionText(options.encoding)
            let encoder = try EncoderCatalogue.make(text.name, text.rest, inputs: inputPaths)
            let isStandard = path == nil || path == "-"
            let writer = isStandard ? FileWriter(descriptor: STDOUT_FILENO, name: "standard output") : try FileWriter(path: path!)
            return OutputStage(name: name, encoder: encoder, writer: writer)
        } catch let error as ConfigError {
            throw Terminal.fail(error.message, .usage)
        } catch let error as OutputError {
            throw Terminal.fail(error.message, Status(rawValue: error.exitStatus) ?? .cannotCreate)
        }
    }

    private func makePipeline(_ setting: FilterSetting, _ outputs: [OutputStage]) throws -> FilterPipeline {
        let api = try RuleArguments.api(
            options.api, call: options.call, timeAsTable: options.timeAsTable, environment: options.env)
        let policy = ErrorPolicy(options.onError)
        if case .output(let name) = policy, !setting.outputs.contains(where: { $0.name == name }) {
            let known = ["dead_letter", "pass", "drop"] + setting.outputs.map(\.name)
            throw Terminal.fail(OptionValues.unknown(name, in: known, what: "policy or output", of: "`--on-error`"), .usage)
        }
        var rules = try rulePaths.map { try RuleArguments.read($0, api: api, onError: policy) }
        for (index, code) in options.code.enumerated() {
            let name = index == 0 ? "-e" : "-e (\(index + 1))"
            rules.append(.body(code, name: name, folder: ".", onError: policy))
        }
        let context = HostContext(
            now: setting.now ?? SystemClock.nanoseconds, localZone: setting.zone, logSink: { [reporter] in reporter.log($0) })
        let lane: RuleLane
        do throws(RuleFailure) {
            lane = try RuleLane(
                rules: rules, outputs: setting.outputs.map(\.name), inputs: inputPaths, limits: setting.limits, context: context)
        } catch {
            throw Terminal.fail(error.rendered(), .cannotLoad)
        }
        let decoder = try setting.decoder()
        let standard = outputs.firstIndex { $0.name == "stdout" } ?? 0
        return FilterPipeline(
            lane: lane, decoder: decoder, formatName: OptionText(options.format).name, outputs: outputs,
            defaultOutputs: [standard], now: setting.now, hooks: reporter.hooks(showsProgress: showsProgress))
    }

    private var showsProgress: Bool { Terminal.isErrorTerminal && isatty(STDOUT_FILENO) == 0 && !inputPaths.contains("-") }

    // MARK: - Reading

    private func readInputs(_ pipeline: FilterPipeline, _ setting: FilterSetting, _ stop: StopSignal) throws {
        for (index, path) in inputPaths.enumerated() {
            do {
                reporter.startInput(path)
                let reader =
                    path == "-"
                    ? try FileReader(descriptor: STDIN_FILENO, name: "standard input", closes: false)
                    : try FileReader(path: path, follows: options.follow)
                var stage = InputStage(reader, framer: try setting.framer(), charset: setting.charset)
                stage.stopDescriptor = stop.descriptor
                guard try pipeline.runInput(&stage, source: UInt32(index)) else { return }
            } catch let error as InputError {
                // The other files are read all the same, as cat and grep do.
                reporter.inputFailed(error)
            }
        }
    }

    private func report(_ pipeline: FilterPipeline, _ outputs: [OutputStage]) {
        reporter.finish(pipeline)
        if let form = options.stats { FilterStatistics(pipeline, outputs, rulePaths + options.code.indices.map { $0 == 0 ? "-e" : "-e (\($0 + 1))" }).print(form) }
    }
}
