package import CSluice
package import SluiceEvent
import SluiceLua

/// One Lua state with a generation of rules: runs batches of events through them.
///
/// Used by one thread at a time. ``run(_:onFailure:)`` decides every event of a batch: afterwards `verdict`, `rule` and
/// `outputs` of each say where it goes. A failure costs one event: its changes by the failing rule are undone, `onFailure`
/// sees it as it was before that rule, and the rule's policy decides. When the rules have filled the memory limit the state
/// is made anew from the same sources, with the `state` tables that can be kept.
///
/// Between two batches another generation can take over in the living state: ``stage(_:)``, then ``commit()`` or ``abandon()``.
package final class RuleLane {
    /// The rules that run, with what they read.
    package internal(set) var generation: RuleGeneration
    /// What the host functions share.
    package let context: HostContext
    /// How often the state had to be made anew.
    package private(set) var rebuilds = 0
    /// Calls that failed since the lane was made, by the rule's name.
    package private(set) var failuresByRule: [String: Int] = [:]

    /// The rules, by index.
    package var rules: [RuleSource] { generation.rules }
    /// Names of outputs; the index is the bit in `sl_event.outputs`.
    package var outputs: [String] { generation.outputs }

    let limits: RuleLimits
    var lane: OpaquePointer?
    /// The generation that waits for its commit.
    var staged: StagedGeneration?
    var stateMemory = StateMemory()
    private let catchesKeptEvents: Bool
    /// Whether further names become outputs when a rule uses them (tests of rules).
    let acceptsAnyOutput: Bool
    /// Names of inputs that tests of rules add to those of the generation.
    var addedInputs: [String] = []
    /// Texts that C points to for as long as the state lives, and for as long as the generation does.
    private var serviceTexts = StableText()
    var nameTexts = StableText()

    /// Loads rules in order; what they read is read from the disk.
    package convenience init(
        rules: [RuleSource], outputs: [String], inputs: [String], limits: RuleLimits = RuleLimits(), context: HostContext
    ) throws(RuleFailure) {
        let generation = RuleGeneration(number: 1, rules: rules, outputs: outputs, inputs: inputs)
        try self.init(generation: generation, limits: limits, context: context)
    }

    /// Loads a generation that was checked, with the states that its rules had. `catchesKeptEvents` is for tests and shadow runs:
    /// a rule that keeps `event` or `meta` beyond its call and uses it then fails, instead of seeing another event. With
    /// `acceptsAnyOutput` every name of an output is known.
    package init(
        generation: RuleGeneration, limits: RuleLimits = RuleLimits(), context: HostContext, states: [RuleState] = [],
        catchesKeptEvents: Bool = false, acceptsAnyOutput: Bool = false
    ) throws(RuleFailure) {
        self.acceptsAnyOutput = acceptsAnyOutput
        self.generation = generation
        self.limits = limits
        self.context = context
        self.catchesKeptEvents = catchesKeptEvents
        var host = HostGeneration(generation, after: [])
        context.exchange(&host)
        let new = try open(states)
        lane = new
        let versions = generation.rules.indices.map { sl_lane_state_version(new, UInt16($0)) }
        self.generation = generation.loaded(files: context.files, stateVersions: versions)
        context.files = self.generation.files
    }

    deinit {
        if let lane { context.coverage?.collect(lane, rules, context.files) }
        sl_lane_destroy(lane)
    }

    // MARK: - Loading

    /// A new state with the generation loaded.
    private func open(_ states: [RuleState]) throws(RuleFailure) -> OpaquePointer {
        let services = StableText()
        let names = StableText()
        var isLoaded = false
        let lane = try create(services)
        defer { if !isLoaded { sl_lane_destroy(lane) } }
        let loading = StableText()
        if context.coverage != nil { _ = sl_lane_cover(lane) }
        if acceptsAnyOutput { sl_lane_accept_outputs(lane) }
        let functions = context.testSession == nil ? HostRegistry.functions : HostRegistry.functionsOfTests
        let entries = functions.map {
            sl_host_entry(
                library: loading.add($0.library), name: loading.add($0.name), makes_finder: $0.makesFinder, is_finder: $0.isHidden)
        }
        var list = names.names(of: generation)
        guard sl_lane_open(lane, entries, UInt32(entries.count), &list) else {
            throw failure(sl_lane_failure(lane), of: generation)
        }
        context.isLoading = true
        defer { context.isLoading = false }
        for (index, rule) in rules.enumerated() {
            if !context.files.isSealed {
                try RuleInspection.check(rule, index: index, outputs: acceptsAnyOutput ? nil : outputs.filter { !$0.isEmpty })
            }
            let state = states.first { $0.rule == rule.name }
            let isDone = try generation.withSource(index, state: state) { sl_lane_load(lane, &$0) }
            guard isDone else { throw failure(sl_lane_failure(lane), of: generation) }
        }
        isLoaded = true
        (serviceTexts, nameTexts) = (services, names)
        return lane
    }

    private func create(_ texts: StableText) throws(RuleFailure) -> OpaquePointer {
        var bounds = sl_limits()
        bounds.memory_bytes = limits.memoryBytes
        bounds.event_cpu_ns = limits.eventNanoseconds
        bounds.load_cpu_ns = limits.loadNanoseconds ?? limits.eventNanoseconds * 10
        bounds.emits = limits.emitsMax
        bounds.value_bytes = limits.valueBytesMax
        bounds.own_handles = catchesKeptEvents
        var services = LaneServices.table(context: context, texts: texts)
        guard let lane = sl_lane_create(&bounds, &services) else {
            throw RuleFailure(
                kind: .memory, ruleIndex: 0, rule: rules.first?.name ?? "", chunk: "", line: 0,
                message: "no memory for a Lua state within `memory_limit` (\(limits.memoryBytes >> 10) KiB)")
        }
        return lane
    }

    // MARK: - Running

    /// Runs every event of the batch through the rules.
    package func run(_ batch: borrowing EventBatch, onFailure: (RuleFailure, UnsafePointer<sl_event>?) -> Void) {
        sl_lane_begin(lane, batch.raw)
        while true {
            let outcome = sl_lane_run(lane)
            if outcome == SL_RUN_DONE { return }
            let record = sl_lane_failure(lane)
            if outcome == SL_RUN_TIMER_FAILED {
                onFailure(counted(record), nil)
            } else {
                let event = batch.raw.pointee.events + Int(record.event)
                onFailure(counted(record) { name in Self.isAbsent(name, event, batch.raw) }, UnsafePointer(event))
                resolve(Int(record.rule))
            }
            if Int(record.kind) == SL_FAILURE_MEMORY { makeRoom(batch) }
        }
    }

    /// Calls the timers that are due by now; what they emit is appended to the batch and runs through the rules behind.
    package func runTimers(_ batch: borrowing EventBatch, onFailure: (RuleFailure, UnsafePointer<sl_event>?) -> Void) {
        while sl_lane_run_timers(lane, batch.raw) != SL_RUN_DONE {
            let record = sl_lane_failure(lane)
            onFailure(counted(record), nil)
            if Int(record.kind) == SL_FAILURE_MEMORY { makeRoom(batch) }
        }
        run(batch, onFailure: onFailure)
    }

    /// Calls `shutdown` of each rule; what they emit is appended to the batch and was run through the rules behind.
    package func shutdown(_ batch: borrowing EventBatch, onFailure: (RuleFailure, UnsafePointer<sl_event>?) -> Void) {
        while sl_lane_shutdown(lane, batch.raw) != SL_RUN_DONE { onFailure(counted(sl_lane_failure(lane)), nil) }
        run(batch, onFailure: onFailure)
    }

    /// Makes an event run again from the rule of this name on, or from the first when there is none: for events that come back
    /// from the dead letters. What `also` added to its outputs stays.
    package func restart(_ event: UnsafeMutablePointer<sl_event>, from rule: String?) {
        event.pointee.verdict = UInt8(SL_PENDING)
        event.pointee.rule = UInt16(rules.firstIndex { $0.name == rule } ?? 0)
    }

    private func counted(_ record: sl_failure, fields isAbsent: (String) -> Bool = { _ in false }) -> RuleFailure {
        let failure = failure(record, of: generation, fields: isAbsent)
        failuresByRule[failure.rule, default: 0] += 1
        return failure
    }

    private func resolve(_ rule: Int) {
        switch rules[rule].onError {
        case .deadLetter: sl_lane_resolve(lane, UInt8(SL_ON_ERROR_DEAD_LETTER), 0)
        case .pass: sl_lane_resolve(lane, UInt8(SL_ON_ERROR_PASS), 0)
        case .drop: sl_lane_resolve(lane, UInt8(SL_ON_ERROR_DROP), 0)
        case .output(let name):
            let bit = outputNames.firstIndex(of: name).map { UInt64(1) << UInt64($0) } ?? 0
            sl_lane_resolve(lane, UInt8(SL_ON_ERROR_ROUTE), bit)
        }
    }

    /// The state is made anew when a full collection leaves more than nine tenths of the limit in use. Rules that cannot be
    /// loaded again, because the machine is too busy, go on in the state that they have.
    private func makeRoom(_ batch: borrowing EventBatch) {
        guard let old = lane, sl_lane_memory(old, true) > limits.memoryBytes / 10 * 9 else { return }
        // A state that fills the memory by itself is what must go: only a small part of the limit is handed on.
        let states = states(bytesMax: min(limits.stateBytesMax, limits.memoryBytes / 4))
        var host = HostGeneration(generation, after: context.rules)
        context.exchange(&host)
        guard let new = (try? open(states)) ?? (try? open([])) else { return context.exchange(&host) }
        sl_lane_set_clock(new, sl_lane_clock(old), context.followsData, sl_lane_knows_clock(old))
        counts.add(sl_lane_count(old))
        context.coverage?.collect(old, rules, context.files)
        sl_lane_destroy(old)
        lane = new
        staged?.isLost = true
        rebuilds += 1
        sl_lane_begin(lane, batch.raw)
    }

    // MARK: - Clock and counters

    /// Sets the clock that rules see; with `followsData` it is the latest event time from now on. Timers start over.
    package func setClock(_ ns: Int64, followsData: Bool) {
        context.followsData = followsData
        sl_lane_set_clock(lane, ns, followsData, false)
    }

    /// Moves a clock that does not follow the data; it never goes back, and timers keep their times.
    package func advanceClock(_ ns: Int64) { sl_lane_advance_clock(lane, ns) }

    /// When the next timer is due by the lane's clock; nil without timers, and while the clock of the data has not begun.
    package var nextTimer: Int64? {
        let due = sl_lane_next_timer(lane)
        return due == .max || due == .min ? nil : due
    }

    private var counts = sl_lane_counts()

    /// Counters since the lane was made, over all its states.
    package var totals: sl_lane_counts {
        var sum = counts
        sum.add(sl_lane_count(lane))
        return sum
    }

    /// Bytes of the Lua state in use.
    package var memoryBytes: Int { sl_lane_memory(lane, false) }

    /// Bytes in use after everything that nobody holds any more was collected; takes milliseconds.
    package func collectMemory() -> Int { sl_lane_memory(lane, true) }

    /// For tests: the n-th allocation of the Lua state from now on fails, or all from there on; 0 switches it off. Answers how
    /// many there were since the last call.
    @discardableResult package func failAllocation(_ n: UInt64, lasting: Bool) -> UInt64 {
        sl_lane_fail_allocation(lane, n, lasting)
    }
}

extension sl_lane_counts {
    mutating func add(_ other: sl_lane_counts) {
        emitted += other.emitted
        failures += other.failures
        timer_failures += other.timer_failures
        timers_fired += other.timers_fired
    }
}
