import CSluice

/// A generation that was loaded beside the one that runs.
struct StagedGeneration {
    let generation: RuleGeneration
    let texts: StableText
    var host: HostGeneration
    /// The Lua state in which it was loaded is no more.
    var isLost = false
}

/// How a living lane changes its rules.
extension RuleLane {
    /// Loads a checked generation beside the one that runs, which goes on running until ``commit()``. A failure leaves it
    /// untouched, its `state` included. Takes milliseconds; call it between two batches.
    ///
    /// Each rule gets the `state`, and what `dedup` and its like remember, of the rule of its name, by reference. What its
    /// `migrate` made of an older `state` is of this moment: commit before the next batch when that matters.
    package func stage(_ generation: RuleGeneration) throws(RuleFailure) {
        abandon()
        let texts = StableText()
        var host = HostGeneration(generation, after: context.rules)
        context.exchange(&host)
        context.isLoading = true
        var refusal: RuleFailure?
        do throws(RuleFailure) {
            try load(generation, texts)
        } catch {
            refusal = error
        }
        context.isLoading = false
        context.exchange(&host)
        if let refusal {
            sl_lane_stage_abandon(lane)
            throw refusal
        }
        staged = StagedGeneration(generation: generation, texts: texts, host: host)
    }

    private func load(_ generation: RuleGeneration, _ texts: StableText) throws(RuleFailure) {
        var names = texts.names(of: generation)
        guard sl_lane_stage_begin(lane, &names) else { throw failure(sl_lane_failure(lane), of: generation) }
        for index in generation.rules.indices {
            let isDone = try generation.withSource(index, state: nil) { sl_lane_stage(lane, &$0) }
            guard isDone else { throw failure(sl_lane_failure(lane), of: generation) }
        }
    }

    /// The staged generation takes over: at once, between two batches. Fails only when there is no memory for what its rules
    /// changed in `state`; then the old one runs on.
    package func commit() throws(RuleFailure) {
        guard var next = staged else { preconditionFailure("a generation is staged before it is committed") }
        if next.isLost {
            // The Lua state was made anew meanwhile.
            try stage(next.generation)
            return try commit()
        }
        staged = nil
        guard sl_lane_stage_commit(lane) else { throw failure(sl_lane_failure(lane), of: next.generation) }
        context.exchange(&next.host)
        generation = next.generation
        nameTexts = next.texts
        stateMemory.keep(only: rules)
        // `next.host` is now that of the rules that ran until here.
        for old in next.host.rules {
            if let new = context.rules.first(where: { $0.name == old.name }) {
                new.logLimits = old.logLimits
            } else {
                old.flushLog(now: context.logClock(), to: context.logSink)
            }
        }
    }

    /// Gives the staged generation up.
    package func abandon() {
        staged = nil
        sl_lane_stage_abandon(lane)
    }
}

extension RuleGeneration {
    /// Calls `body` with one rule in the form that C takes.
    func withSource(_ index: Int, state: RuleState?, _ body: (inout sl_rule_source) -> Bool) throws(RuleFailure) -> Bool {
        let rule = rules[index]
        let texts = StableText()
        var source = sl_rule_source()
        source.name = texts.add(rule.name)
        source.chunk = texts.add((rule.isFile ? "@" : "=") + rule.name)
        source.source = texts.add(rule.text)
        source.function = texts.add(rule.api.function)
        if case .fluentBit(_, let timeAsTable, let environment) = rule.api {
            source.api = UInt8(SL_API_FLUENT_BIT)
            source.time_as_table = timeAsTable
            source.environment = texts.add(list: environment.flatMap { [$0.name, $0.value] })
            source.environment_count = UInt32(environment.count * 2)
        }
        if let names = rule.inputs {
            let numbers = try InputNumbers(names, of: rule, index: index, in: inputs)
            source.inputs = texts.add(words: numbers.words)
            source.input_words = UInt32(numbers.words.count)
        }
        if index < stateVersions.count { source.source_version = stateVersions[index] }
        if let state {
            let bytes = texts.add(state.bytes)
            source.state = UnsafeRawPointer(bytes.bytes).assumingMemoryBound(to: UInt8.self)
            source.state_length = bytes.length
            source.state_version = state.version
        }
        return withExtendedLifetime(texts) { body(&source) }
    }
}

extension StableText {
    /// The names that a generation uses.
    func names(of generation: RuleGeneration) -> sl_names {
        sl_names(
            outputs: add(list: generation.outputs), output_count: UInt32(generation.outputs.count),
            inputs: add(list: generation.inputs), input_count: UInt32(generation.inputs.count))
    }
}
