import SluiceAdmin
import SluiceComponent
import SluiceEvent
import SluiceLua
import SluiceRules

/// A generation that was built and tried, and runs nowhere yet.
struct Candidate {
    let generation: Generation
    /// What the shadow run found.
    var notes: [String] = []
}

/// Why a generation was refused: every reason that one step found.
struct Refusal: Error {
    let problems: [ReloadVerdict.Problem]
    /// Further files whose change is worth another try.
    var files: [String] = []
}

/// Builds generations off the data path: compile, tests, shadow.
struct CandidateBuilder {
    let around: Service.Surroundings

    /// Loads rules in a fresh state with the outputs and inputs of a topology. `earlier` is the generation that runs, whose lookup
    /// tables are used again where their files are the same.
    func build(
        _ sources: [RuleSource], number: Int, outputs: [String], defaults: UInt64, inputs: [String], limits: RuleLimits, zone: Zone,
        after earlier: RuleGeneration? = nil
    ) throws(Refusal) -> Candidate {
        do throws(RuleRefusal) {
            let rules = try RuleGeneration.check(
                number: number, rules: sources, outputs: outputs, inputs: inputs, limits: limits, context: Self.silentContext(zone),
                after: earlier)
            return Candidate(generation: Generation(rules: rules, defaults: defaults, loadedAt: around.now()))
        } catch {
            throw Refusal(problems: [Self.problem(error.failure, .compile)], files: error.requests.map(\.path))
        }
    }

    /// What host functions of a service's lane see: the log, the local zone.
    func context(_ zone: Zone) -> HostContext {
        HostContext(now: around.now(), localZone: zone, logSink: around.ruleLog)
    }

    /// The same without effects outside, for shadow runs.
    static func silentContext(_ zone: Zone) -> HostContext { HostContext(localZone: zone) }

    /// Runs the tests that lie beside the rules.
    func test(_ generation: Generation, _ configuration: ServiceConfiguration) throws(Refusal) {
        let failed = RuleSetTests.results(of: generation.rules.rules, in: configuration).filter { $0.failure != nil }
        guard failed.isEmpty else { throw Refusal(problems: failed.map { Self.problem($0) }) }
    }

    private static func problem(_ result: RuleTestResult) -> ReloadVerdict.Problem {
        let failure = result.failure
        let lines = failure?.rendered().split(separator: "\n").map(String.init) ?? []
        return ReloadVerdict.Problem(
            step: .tests, place: failure?.place, message: result.failureMessage ?? "", excerpt: Array(lines.dropFirst()))
    }

    /// Runs recent events through the old and the new generation; refuses by the configured bounds.
    func shadow(
        _ candidate: inout Candidate, beside old: Generation, recent: RecentEvents, reload: ReloadSetting, limits: RuleLimits, zone: Zone
    ) throws(Refusal) {
        let events = EventBatch()
        guard recent.copy(into: events) > 0 else {
            candidate.notes += ShadowRun.Report().sentences
            return
        }
        let again = EventBatch()
        _ = recent.copy(into: again)
        let report: ShadowRun.Report
        do throws(RuleFailure) {
            let oldLane = try RuleLane(
                generation: old.rules, limits: limits, context: Self.silentContext(zone), catchesKeptEvents: true)
            let newLane = try RuleLane(
                generation: candidate.generation.rules, limits: limits, context: Self.silentContext(zone), catchesKeptEvents: true)
            report = ShadowRun.compare(
                old: ShadowRun.outcomes(oldLane, events, defaults: old.defaults),
                new: ShadowRun.outcomes(newLane, again, defaults: candidate.generation.defaults))
        } catch {
            throw Refusal(problems: [Self.problem(error, .shadow)])
        }
        candidate.notes += report.sentences
        if report.newErrors > reload.newErrorsMax {
            throw Refusal(problems: [
                ReloadVerdict.Problem(
                    step: .shadow, place: nil,
                    message:
                        "the new rules fail on \(report.newErrors) of \(report.events) recent events on which the running ones do not, "
                        + "more than `reload.max_new_errors` (\(reload.newErrorsMax)) allows; first: \(report.firstError ?? "")",
                    excerpt: report.samples.flatMap { $0 })
            ])
        }
        if let most = reload.changedMax, report.different > most {
            throw Refusal(problems: [
                ReloadVerdict.Problem(
                    step: .shadow, place: nil,
                    message:
                        "the new rules treat \(report.different) of \(report.events) recent events differently, "
                        + "more than `reload.max_changed` (\(most)) allows",
                    excerpt: report.samples.flatMap { $0 })
            ])
        }
    }

    static func problem(_ failure: RuleFailure, _ step: ReloadVerdict.Step) -> ReloadVerdict.Problem {
        ReloadVerdict.Problem(
            step: step, place: failure.place, message: failure.message,
            excerpt: failure.excerpt.map { $0.rendered().split(separator: "\n").map(String.init) } ?? [])
    }
}
