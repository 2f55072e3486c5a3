import Logging
import SluiceAdmin
import SluiceComponent
import SluiceRules
import Synchronization

extension Service {
    /// How long lanes may take until they are between two batches.
    private static let orderNanoseconds: Int64 = 10_000_000_000
    /// How long lanes may wait for an output before it takes what they have in hand.
    private static let patienceNanoseconds: Int64 = 1_000_000_000
    /// How long an output may take to end behind its batch before a successor goes on with its disk buffer.
    private static let handOverNanoseconds: Int64 = 2_000_000_000

    /// Brings a new generation, and the inputs and outputs of its configuration, into the running service; answers what was
    /// restarted. Called from the reloader's thread only. What is refused leaves everything as it was.
    func adopt(_ candidate: Candidate, _ change: TopologyChange) throws(Refusal) -> [String] {
        let old = current
        var new = old
        new.configuration = change.configuration
        new.generation = candidate.generation
        new.generation.loadedAt = around.now()
        new.inputNames = change.inputNames
        let adoption = LaneAnswers()
        do throws(ServiceError) {
            try makeParts(change, old, &new, adoption)
        } catch {
            throw Refusal(problems: [ReloadVerdict.Problem(step: .adopt, place: nil, message: error.message)])
        }
        let heired = change.endedOutputs.filter { heir(of: $0, in: new) != nil }.compactMap { new.outputs[$0]?.driver }
        for driver in heired { driver.setUnlimited(true) }
        do throws(Refusal) {
            try stage(candidate.generation)
        } catch {
            for driver in heired { driver.setUnlimited(false) }
            throw error
        }
        checkpointer.setInputs(new)
        new = bring(new, change)
        commit(candidate.generation, new, adoption)
        let ended = change.endedInputs.map { end(input: $0, of: old) } + change.endedOutputs.map { end(output: $0, of: new) }
        let started = change.newOutputs.map { "output `\($0.configuration.name)` was started" }
        for input in change.newInputs {
            guard let driver = new.inputs[input.number]?.driver else { continue }
            let before = old.inputs.last { $0?.configuration.name == input.configuration.name } ?? nil
            if let before { driver.takeOver(from: before.driver) }
            driver.start()
        }
        return ended + started + change.newInputs.map { "input `\($0.configuration.name)` was started" }
    }

    /// Makes the drivers of what is new, without starting them, and marks what leaves.
    private func makeParts(
        _ change: TopologyChange, _ old: Topology, _ new: inout Topology, _ adoption: LaneAnswers
    ) throws(ServiceError) {
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
        for bit in change.endedOutputs { new.outputs[bit]?.departure = adoption }
        for (bit, configuration) in change.keptOutputs {
            let running = old.outputs[bit]!
            new.outputs[bit] = Topology.RunningOutput(configuration: configuration, driver: running.driver, order: running.order)
        }
        for output in change.newOutputs {
            new.outputs[output.bit] = new.runningOutput(
                output.configuration, try makeDriver(output.configuration, bit: output.bit))
        }
    }

    /// Makes a topology the one that runs and starts its new outputs, except those that have to wait for an output of the same name: two
    /// never write to one file. Answers the topology without what has ended meanwhile.
    private func bring(_ new: Topology, _ change: TopologyChange) -> Topology {
        topology.withLock { topology in
            var new = new
            for bit in new.outputs.indices where topology.outputs[bit] == nil && new.outputs[bit]?.isLeaving == true {
                new.outputs[bit] = nil
            }
            topology = new
            for (bit, configuration) in change.newOutputs where new.outputBits(named: configuration.name).first == bit {
                new.outputs[bit]?.driver.start()
            }
            return new
        }
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
        let all = wait(for: answers)
        let failures = all?.values.compactMap { $0 } ?? []
        if let all, failures.isEmpty, all.count == lanes.count { return }
        // Behind the order to stage, however late that is carried out.
        for lane in lanes { dispatcher.put(.order { $0.rules.abandon() }, lane: lane.index) }
        if all == nil {
            throw Refusal(problems: [
                ReloadVerdict.Problem(
                    step: .adopt, place: nil,
                    message: "a lane did not come to the end of its batch within \(Self.orderNanoseconds / 1_000_000_000) s; try again")
            ])
        }
        throw Refusal(problems: failures.prefix(1).map { CandidateBuilder.problem($0, .adopt) })
    }

    /// Every lane goes over to the generation that it has staged; waits until all have.
    private func commit(_ generation: Generation, _ topology: Topology, _ answers: LaneAnswers) {
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
        // A lane that is held up by something else goes over when it is done with its batch: there is nothing to refuse any more.
        _ = wait(for: answers)
    }

    /// Waits for all lanes, and lets those in that wait for an output: a reload may well be made because of an output that takes nothing.
    /// Orders go before what waits in the inboxes, so what outputs take beyond their limits is what lanes have in hand.
    private func wait(for answers: LaneAnswers) -> [Int: RuleFailure?]? {
        let begin = MonotonicClock.now
        for pause in stride(from: Self.patienceNanoseconds, to: Self.orderNanoseconds, by: Int(Self.patienceNanoseconds / 4)) {
            if let all = answers.look(lanes: lanes.count, until: begin + pause) { return all }
            for output in topology.withLock({ $0.outputs }) { output?.driver.letIn() }
        }
        return answers.wait(lanes: lanes.count, until: begin + Self.orderNanoseconds)
    }

    private func end(input number: Int, of old: Topology) -> String {
        guard let input = old.inputs[number] else { return "" }
        input.driver.requestStop()
        input.driver.join()
        return "input `\(input.configuration.name)` was stopped"
    }

    /// Has an output end, without holding up the reload.
    private func end(output bit: Int, of new: Topology) -> String {
        guard let output = new.outputs[bit] else { return "" }
        let name = output.configuration.name
        let hasHeir = heir(of: bit, in: new) != nil
        if departures.begin(name) { _ = WorkerThread("end of output") { [self] in endOutputs(named: name) } }
        return hasHeir ? "output `\(name)` hands its disk buffer over" : "output `\(name)` ends when everything is written"
    }

    /// The output that goes on with the disk buffer of one that leaves.
    private func heir(of bit: Int, in topology: Topology) -> OutputDriver? {
        guard let output = topology.outputs[bit], output.driver.options.buffer.kind == .disk else { return nil }
        let later = topology.outputBits(named: output.configuration.name).drop { $0 != bit }.dropFirst()
        return later.compactMap { topology.outputs[$0]?.driver }.first { $0.options.buffer.kind == .disk }
    }

    /// Ends the outputs of a name that leave, one after the other, and starts the one behind each. An output ends only when no lane of an
    /// older generation can have anything for it.
    private func endOutputs(named name: String) {
        var isLeaving = true
        while isLeaving {
            let current = topology.withLock { $0 }
            guard let bit = current.outputBits(named: name).first, let output = current.outputs[bit], let departure = output.departure
            else {
                isLeaving = departures.goesOn(name) { false }
                continue
            }
            let timeout = current.configuration.shutdownTimeout
            if topology.withLock({ heir(of: bit, in: $0) }) != nil {
                // No lane waits for this output.
                departure.wait(lanes: lanes.count)
                output.driver.handOver(patience: Self.handOverNanoseconds)
            } else {
                _ = departure.wait(lanes: lanes.count, until: MonotonicClock.now + timeout)
                finish(output, timeout)
            }
            isLeaving = departures.goesOn(name) {
                topology.withLock { topology in
                    topology.outputs[bit] = nil
                    let next = topology.outputBits(named: name).first.flatMap { topology.outputs[$0] }
                    next?.driver.start()
                    return next?.isLeaving ?? false
                }
            }
        }
    }

    /// Ends an output that nobody goes on with.
    private func finish(_ output: Topology.RunningOutput, _ timeout: Int64) {
        let name = output.configuration.name
        output.driver.finish()
        if !output.driver.join(by: MonotonicClock.now + timeout) {
            around.log.error("output `\(name)` left the configuration and did not write everything within `shutdown_timeout`")
        }
        let left = output.driver.counters.stored.events
        if left > 0 {
            around.log.warning(
                """
                output `\(name)` left the configuration with \(left) events in its disk buffer; they are sent when there is an output of \
                this name with `buffer: { type: disk }` again
                """)
        }
    }
}
