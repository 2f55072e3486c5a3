import Logging
import SluiceAdmin
import SluiceComponent
import SluiceConfig
import SluiceRules
import SluiceStore

/// Everything that a service begins with: the open store, a generation that was built and tested, and a lane's state for each worker.
package struct ServiceStart {
    let configuration: ServiceConfiguration
    let store: Store
    let generation: Generation
    let lanes: [RuleLane]
    /// Why the rules on disk are not the ones that will run.
    let staleReason: String?

    /// Opens `data_dir`, loads the rules, tests them, and gives each lane the `state` of the last run. Rules that are refused are
    /// replaced by the last good ones, when there are any.
    package init(_ configuration: ServiceConfiguration, around: Service.Surroundings) throws(ServiceError) {
        self.configuration = configuration
        do throws(StoreError) {
            store = try Store(
                folder: configuration.dataFolder,
                letterLimit: DeadLetterLimit(
                    bytesMax: configuration.deadLetters.bytesMax,
                    whenFull: configuration.deadLetters.whenFull == .block ? .block : .dropOldest))
        } catch {
            throw Self.error(error)
        }
        let number = (Self.lastGood(store)?.number ?? 0) + 1
        let loaded: Generation
        do throws(Refusal) {
            loaded = try Self.load(configuration, number: number, around: around)
            staleReason = nil
        } catch {
            let reason = error.problems.map(\.line).joined(separator: "\n")
            guard let good = Self.lastGood(store) else { throw ServiceError(.cannotLoad, reason) }
            do throws(Refusal) {
                loaded = try Self.load(good, configuration, around: around)
            } catch {
                throw ServiceError(
                    .cannotLoad,
                    reason + "\nthe last good rules cannot be loaded either: " + error.problems.map(\.line).joined(separator: "\n"))
            }
            around.log.error("the rules on disk are refused; generation \(good.number), the last good one, runs instead\n\(reason)")
            staleReason = reason
        }
        generation = loaded
        lanes = try Self.lanes(loaded.rules, configuration, store, around)
        if staleReason == nil { Self.save(generation, configuration, store, around) }
    }

    private static func error(_ error: StoreError) -> ServiceError {
        switch error.code {
        case .notPermitted: ServiceError(.notPermitted, error.message)
        case .inUse: ServiceError(.alreadyRunning, error.message)
        default: ServiceError(.cannotCreate, error.message)
        }
    }

    private static func lastGood(_ store: Store) -> GoodGeneration? {
        do { return try store.lastGood() } catch { return nil }
    }

    // MARK: - Loading

    private static func load(
        _ configuration: ServiceConfiguration, number: Int, around: Service.Surroundings
    ) throws(Refusal) -> Generation {
        let (sources, problems) = RuleSourceFiles.read(configuration.rules)
        guard problems.isEmpty else { throw Refusal(problems: problems) }
        return try load(sources, configuration, number: number, tests: true, around: around)
    }

    /// The last good generation with the rules that the configuration still names.
    private static func load(
        _ good: GoodGeneration, _ configuration: ServiceConfiguration, around: Service.Surroundings
    ) throws(Refusal) -> Generation {
        let files = Dictionary(good.files.map { ($0.path, $0.bytes) }) { $1 }
        var sources: [RuleSource] = []
        for rule in configuration.rules {
            guard let text = files[rule.path] else {
                throw Refusal(problems: [
                    ReloadVerdict.Problem(
                        step: .compile, place: rule.place.text, message: "rule `\(rule.name)` is not part of generation \(good.number)")
                ])
            }
            sources.append(RuleSourceFiles.source(rule, text))
        }
        return try load(sources, configuration, number: good.number, tests: false, around: around)
    }

    private static func load(
        _ sources: [RuleSource], _ configuration: ServiceConfiguration, number: Int, tests: Bool, around: Service.Surroundings
    ) throws(Refusal) -> Generation {
        let builder = CandidateBuilder(around: around)
        let outputs = configuration.outputs.map(\.name)
        let defaults = configuration.defaultOutputs.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        let candidate = try builder.build(
            sources, number: number, outputs: outputs, defaults: defaults, inputs: configuration.inputs.map(\.name),
            limits: configuration.limits, zone: configuration.zone)
        if tests { try builder.test(candidate.generation, configuration) }
        return candidate.generation
    }

    // MARK: - What the last run left

    /// A lane's rules for each worker, with the `state` that they had; another number of workers begins with none.
    private static func lanes(
        _ generation: RuleGeneration, _ configuration: ServiceConfiguration, _ store: Store, _ around: Service.Surroundings
    ) throws(ServiceError) -> [RuleLane] {
        let workers = configuration.workers
        var states: [SluiceStore.RuleState] = []
        do throws(StoreError) {
            let before = try store.note("workers")
            if let before, before != String(workers) {
                around.log.warning(
                    "`workers` was \(before) and is \(workers) now: the rules begin with empty `state`, because each lane has its own")
                try store.removeStates()
            }
            try store.setNote("workers", String(workers))
            states = try store.states()
        } catch {
            around.log.error("`state` of the rules cannot be read and begins empty: \(error.message)")
        }
        var lanes: [RuleLane] = []
        for index in 0..<workers {
            let own = states.filter { $0.lane == index }.map { RuleState(rule: $0.rule, version: $0.version ?? 1, bytes: $0.bytes) }
            let context = CandidateBuilder(around: around).context(configuration.zone)
            do throws(RuleFailure) {
                lanes.append(try RuleLane(generation: generation, limits: configuration.limits, context: context, states: own))
            } catch {
                throw ServiceError(
                    .cannotLoad, "lane \(index) cannot load the rules with the `state` of the last run: \(error.rendered())")
            }
        }
        return lanes
    }

    /// Keeps a generation as the last good one.
    static func save(
        _ generation: Generation, _ configuration: ServiceConfiguration, _ store: Store, _ around: Service.Surroundings
    ) {
        let text: [UInt8] =
            switch RuleSourceFiles.bytes(of: configuration.file) {
            case .success(let bytes): bytes
            case .failure: []
            }
        let files = zip(configuration.rules, generation.rules.rules).map { GoodGeneration.File(path: $0.path, bytes: $1.text) }
        do throws(StoreError) {
            try store.saveGood(
                GoodGeneration(number: generation.number, time: generation.loadedAt, configuration: text, files: files))
        } catch {
            around.log.warning("the generation that runs is not kept for a later start: \(error.message)")
        }
    }
}

extension ReloadVerdict.Problem {
    /// Place, message and excerpt as a person reads them.
    var line: String {
        ((place.map { "\($0): " } ?? "") + message) + excerpt.map { "\n" + $0 }.joined()
    }
}
