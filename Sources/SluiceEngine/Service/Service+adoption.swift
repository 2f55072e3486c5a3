import Logging
import SluiceAdmin
import SluiceComponent
import SluiceRules
import Synchronization

/// What lanes answered to an order.
private final class LaneAnswers: Sendable {
    private struct State {
        var answers: [Int: RuleFailure?] = [:]
        var isCancelled = false
    }

    private let state = Monitor(State())

    /// A lane has done its part; false when nobody waits any more.
    func add(_ lane: Int, _ failure: RuleFailure?) { state.notify { $0.answers[lane] = failure } }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Waits for all lanes; nil when the deadline passes first, after which the order is not carried out any more.
    func wait(lanes: Int, until deadline: Int64) -> [Int: RuleFailure?]? {
        let all: [Int: RuleFailure?]? = state.wait(until: deadline) { $0.answers.count == lanes ? $0.answers : nil }
        if all == nil { state.withLock { $0.isCancelled = true } }
        return all
    }
}

extension Service {
    /// How long lanes may take until they are between two batches.
    private static let orderNanoseconds: Int64 = 10_000_000_000

    /// Brings a new generation, and the inputs and outputs of its configuration, into the running service; answers what was
    /// restarted. Called from the reloader's thread only. What is refused leaves everything as it was.
    func adopt(_ candidate: Candidate, _ change: TopologyChange) throws(Refusal) -> [String] {
        let old = current
        var new = old
        new.configuration = change.configuration
        new.generation = candidate.generation
        new.generation.loadedAt = around.now()
        new.inputNames = change.inputNames
        do throws(ServiceError) {
            try makeParts(change, old, &new)
        } catch {
            throw Refusal(problems: [ReloadVerdict.Problem(step: .adopt, place: nil, message: error.message)])
        }
        try stage(candidate.generation)
        checkpointer.setInputs(new)
        topology.withLock { [new] in $0 = new }
        let started = change.newOutputs.map { start(output: $0.bit, of: new, after: old) }
        commit(candidate.generation, new)
        let ended = change.endedInputs.map { end(input: $0, of: old) } + change.endedOutputs.map { end(output: $0, of: old) }
        for input in change.newInputs {
            guard let driver = new.inputs[input.number]?.driver else { continue }
            let before = old.inputs.last { $0?.configuration.name == input.configuration.name } ?? nil
            if let before { driver.takeOver(from: before.driver) }
            driver.start()
        }
        return ended + started + change.newInputs.map { "input `\($0.configuration.name)` was started" }
    }

    /// Makes the drivers of what is new, without starting them, and marks what leaves.
    private func makeParts(_ change: TopologyChange, _ old: Topology, _ new: inout Topology) throws(ServiceError) {
        for number in change.endedInputs { new.inputs[number] = nil }
        for (number, configuration) in change.keptInputs {
            new.inputs[number] = Topology.RunningInput(configuration: configuration, driver: old.inputs[number]!.driver)
        }
        for input in change.newInputs {
            // Numbers count up, so each new one stands at the end.
            new.inputs.append(
                Topology.RunningInput(
                    configuration: input.configuration, driver: try makeInput(input.configuration, number: input.number)))
        }
        for bit in change.endedOutputs { new.outputs[bit]?.isLeaving = true }
        for (bit, configuration) in change.keptOutputs {
            new.outputs[bit] = Topology.RunningOutput(configuration: configuration, driver: old.outputs[bit]!.driver)
        }
        for output in change.newOutputs {
            new.outputs[output.bit] = Topology.RunningOutput(
                configuration: output.configuration, driver: try makeDriver(output.configuration, bit: output.bit))
        }
    }

    /// Starts a new output; one that takes the place of an output of the same name begins when that has written everything, so that
    /// two never write to one file.
    private func start(output bit: Int, of new: Topology, after old: Topology) -> String {
        guard let output = new.outputs[bit] else { return "" }
        let name = output.configuration.name
        if !old.outputs.contains(where: { $0?.configuration.name == name }) { output.driver.start() }
        return "output `\(name)` was started"
    }

    /// Every lane loads the generation beside the one that it runs; one that cannot refuses it for all.
    private func stage(_ generation: Generation) throws(Refusal) {
        let answers = LaneAnswers()
        for lane in lanes {
            dispatcher.put(
                .order { lane in
                    if answers.isCancelled { return }
                    do throws(RuleFailure) {
                        try lane.rules.stage(generation.rules)
                        answers.add(lane.index, nil)
                    } catch {
                        answers.add(lane.index, error)
                    }
                }, lane: lane.index)
        }
        let all = answers.wait(lanes: lanes.count, until: MonotonicClock.now + Self.orderNanoseconds)
        let failures = all?.values.compactMap { $0 } ?? []
        if let all, failures.isEmpty, all.count == lanes.count { return }
        // Behind the order to stage, however late that is carried out.
        for lane in lanes { dispatcher.put(.order { $0.rules.abandon() }, lane: lane.index) }
        if all == nil {
            let waiting = topology.withLock { $0 }.outputs.compactMap { $0?.driver }.filter { $0.counters.failingSince != nil }.map(\.name)
            let cause = waiting.isEmpty ? "" : " (waiting for output `\(waiting.joined(separator: "`, `"))`)"
            throw Refusal(problems: [
                ReloadVerdict.Problem(
                    step: .adopt, place: nil,
                    message:
                        "a lane did not come to the end of its batch within \(Self.orderNanoseconds / 1_000_000_000) s\(cause); try again")
            ])
        }
        throw Refusal(problems: failures.prefix(1).map { CandidateBuilder.problem($0, .adopt) })
    }

    /// Every lane goes over to the generation that it has staged; waits until all have.
    private func commit(_ generation: Generation, _ topology: Topology) {
        let answers = LaneAnswers()
        let log = around.log
        for lane in lanes {
            let outputs = topology.laneOutputs()
            dispatcher.put(
                .order { lane in
                    do throws(RuleFailure) {
                        // What `migrate` made of `state` is of the moment of staging, and events have changed it since.
                        if lane.rules.generation.stateVersions != generation.rules.stateVersions { try lane.rules.stage(generation.rules) }
                        try lane.rules.commit()
                        lane.adopt(generation: generation.number, outputs: outputs)
                    } catch {
                        log.error(
                            "lane \(lane.index) has no memory to take over generation \(generation.number) and goes on with the one before: \(error.summary)"
                        )
                    }
                    answers.add(lane.index, nil)
                }, lane: lane.index)
        }
        // A lane that waits for an output goes over when that takes its parcel: there is nothing to refuse any more.
        _ = answers.wait(lanes: lanes.count, until: MonotonicClock.now + Self.orderNanoseconds)
    }

    private func end(input number: Int, of old: Topology) -> String {
        guard let input = old.inputs[number] else { return "" }
        input.driver.requestStop()
        input.driver.join()
        return "input `\(input.configuration.name)` was stopped"
    }

    /// Lets an output write what it has, without holding up the reload; then its bit is free and its successor begins.
    private func end(output bit: Int, of old: Topology) -> String {
        guard let output = old.outputs[bit] else { return "" }
        let name = output.configuration.name
        output.driver.finish()
        let timeout = old.configuration.shutdownTimeout
        _ = WorkerThread("end of output") { [self] in
            if !output.driver.join(by: MonotonicClock.now + timeout) {
                around.log.error("output `\(name)` left the configuration and did not write everything within `shutdown_timeout`")
            }
            let successor = topology.withLock { topology in
                if topology.outputs[bit]?.driver === output.driver { topology.outputs[bit] = nil }
                return topology.outputs.first { $0?.configuration.name == name && $0?.isLeaving == false } ?? nil
            }
            successor?.driver.start()
        }
        return "output `\(name)` ends when everything is written"
    }
}
