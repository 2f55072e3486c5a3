package import CSluice
package import SluiceEvent
import SluiceLua

/// One Lua state with a rule set loaded: runs batches of events through the rules.
///
/// Used by one thread at a time. ``run(_:onFailure:)`` decides every event of a batch: afterwards `verdict`, `rule` and
/// `outputs` of each say where it goes. A failure costs one event: its changes by the failing rule are undone, `onFailure`
/// sees it as it was before that rule, and the rule's policy decides. When the rules have filled the memory limit the state
/// is made anew from the same sources, with the `state` tables that can be kept.
package final class RuleLane {
    /// The rules, by index.
    package let rules: [RuleSource]
    /// Names of outputs; the index is the bit in `sl_event.outputs`.
    package let outputs: [String]
    /// What the host functions share.
    package let context: HostContext
    /// How often the state had to be made anew.
    package private(set) var rebuilds = 0

    private let limits: RuleLimits
    private let inputs: [String]
    private let texts = StableText()
    private var lane: OpaquePointer?

    /// Loads the rules in order.
    package init(
        rules: [RuleSource], outputs: [String], inputs: [String], limits: RuleLimits = RuleLimits(), context: HostContext
    ) throws(RuleFailure) {
        self.rules = rules
        self.outputs = outputs
        self.inputs = inputs
        self.limits = limits
        self.context = context
        for rule in rules { context.add(HostRule(name: rule.name, folder: rule.folder)) }
        lane = try open()
    }

    deinit { sl_lane_destroy(lane) }

    // MARK: - Loading

    /// A new state with the rules loaded.
    private func open() throws(RuleFailure) -> OpaquePointer {
        var bounds = sl_limits()
        bounds.memory_bytes = limits.memoryBytes
        bounds.event_cpu_ns = limits.eventNanoseconds
        bounds.load_cpu_ns = limits.eventNanoseconds * 10
        bounds.emits = limits.emitsMax
        bounds.value_bytes = limits.valueBytesMax
        var services = LaneServices.table(context: context, inputs: inputs, texts: texts)
        guard let lane = sl_lane_create(&bounds, &services) else {
            throw RuleFailure(
                kind: .memory, ruleIndex: 0, rule: rules.first?.name ?? "", chunk: "", line: 0,
                message: "no memory for a Lua state within `memory_limit` (\(limits.memoryBytes >> 10) KiB)")
        }
        var isLoaded = false
        defer { if !isLoaded { sl_lane_destroy(lane) } }
        let entries = HostRegistry.functions.map {
            sl_host_entry(
                library: texts.add($0.library), name: texts.add($0.name), makes_finder: $0.makesFinder, is_finder: $0.isHidden)
        }
        guard sl_lane_open(lane, entries, UInt32(entries.count), texts.add(list: outputs), UInt32(outputs.count)) else {
            throw failure(sl_lane_failure(lane), fields: { _ in false })
        }
        context.isLoading = true
        defer { context.isLoading = false }
        for (index, rule) in rules.enumerated() {
            try RuleInspection.check(rule, index: index, outputs: outputs)
            try load(rule, index: index, into: lane)
        }
        isLoaded = true
        return lane
    }

    private func load(_ rule: RuleSource, index: Int, into lane: OpaquePointer) throws(RuleFailure) {
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
        guard sl_lane_load(lane, &source) else { throw failure(sl_lane_failure(lane), fields: { _ in false }) }
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
                onFailure(failure(record, fields: { _ in false }), nil)
            } else {
                let event = batch.raw.pointee.events + Int(record.event)
                let reason = failure(record, fields: { name in Self.isAbsent(name, event, batch.raw) })
                onFailure(reason, UnsafePointer(event))
                resolve(Int(record.rule))
            }
            if Int(record.kind) == SL_FAILURE_MEMORY { makeRoom(batch) }
        }
    }

    /// Calls `shutdown` of each rule; what they emit is appended to the batch and was run through the rules behind.
    package func shutdown(_ batch: borrowing EventBatch, onFailure: (RuleFailure, UnsafePointer<sl_event>?) -> Void) {
        while sl_lane_shutdown(lane, batch.raw) != SL_RUN_DONE {
            onFailure(failure(sl_lane_failure(lane), fields: { _ in false }), nil)
        }
        run(batch, onFailure: onFailure)
    }

    /// Makes an event run again from the rule of this name on, or from the first when there is none: for events that come back
    /// from the dead letters. What `also` added to its outputs stays.
    package func restart(_ event: UnsafeMutablePointer<sl_event>, from rule: String?) {
        event.pointee.verdict = UInt8(SL_PENDING)
        event.pointee.rule = UInt16(rules.firstIndex { $0.name == rule } ?? 0)
    }

    private func resolve(_ rule: Int) {
        switch rules[rule].onError {
        case .deadLetter: sl_lane_resolve(lane, UInt8(SL_ON_ERROR_DEAD_LETTER), 0)
        case .pass: sl_lane_resolve(lane, UInt8(SL_ON_ERROR_PASS), 0)
        case .drop: sl_lane_resolve(lane, UInt8(SL_ON_ERROR_DROP), 0)
        case .output(let name):
            let bit = outputs.firstIndex(of: name).map { UInt64(1) << UInt64($0) } ?? 0
            sl_lane_resolve(lane, UInt8(SL_ON_ERROR_ROUTE), bit)
        }
    }

    /// The state is made anew when a full collection leaves more than nine tenths of the limit in use. Rules that cannot be
    /// loaded again, because a module was changed or the machine is too busy, go on in the state that they have.
    private func makeRoom(_ batch: borrowing EventBatch) {
        guard let old = lane, sl_lane_memory(old, true) > limits.memoryBytes / 10 * 9 else { return }
        let saved = rules.indices.map { savedState(old, $0) }
        guard let new = try? open() else { return }
        sl_lane_set_clock(new, sl_lane_clock(old), context.followsData, sl_lane_knows_clock(old))
        counts.add(sl_lane_count(old))
        sl_lane_destroy(old)
        lane = new
        rebuilds += 1
        for (index, state) in saved.enumerated() {
            guard let state else { continue }
            _ = state.withUnsafeBufferPointer { sl_lane_restore_state(lane, UInt16(index), $0.baseAddress, $0.count) }
        }
        sl_lane_begin(lane, batch.raw)
    }

    private func savedState(_ lane: OpaquePointer, _ rule: Int) -> [UInt8]? {
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        // A state that fills the memory by itself is what must go: only a small part of the limit is handed on.
        let bytesMax = min(limits.stateBytesMax, limits.memoryBytes / 4)
        guard sl_lane_save_state(lane, UInt16(rule), bytesMax, &buffer) else { return nil }
        return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length))
    }

    // MARK: - Clock and counters

    /// Sets the clock that rules see; with `followsData` it is the latest event time from now on.
    package func setClock(_ ns: Int64, followsData: Bool) {
        context.followsData = followsData
        sl_lane_set_clock(lane, ns, followsData, false)
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

    /// For tests: the n-th allocation of the Lua state from now on fails, or all from there on; 0 switches it off. Answers how
    /// many there were since the last call.
    @discardableResult package func failAllocation(_ n: UInt64, lasting: Bool) -> UInt64 {
        sl_lane_fail_allocation(lane, n, lasting)
    }

    // MARK: - Failures

    private static func isAbsent(_ name: String, _ event: UnsafePointer<sl_event>, _ batch: UnsafePointer<sl_batch>) -> Bool {
        if name == "severity_code" { return isAbsent("severity", event, batch) }
        if name == "facility_code" { return isAbsent("facility", event, batch) }
        guard let key = FieldKey(text: name) else { return false }
        return sl_event_find(batch, event, key.id) == nil
    }

    private func failure(_ record: sl_failure, fields isAbsent: (String) -> Bool) -> RuleFailure {
        let index = min(Int(record.rule), max(0, rules.count - 1))
        let chunk = record.chunk.string
        var message = record.message.string
        let rule = rules.isEmpty ? nil : rules[index]
        let isRule = chunk == rule?.name || chunk.isEmpty
        var line = Int(record.line)
        var excerpt: SourceExcerpt?
        if let source = isRule ? rule?.text : context.modules[chunk], line > 0 {
            if let field = AbsentFieldHint.field(source: source, line: line, message: message, isAbsent: isAbsent) {
                message += ": this event has no field `\(field)`; write `(event.\(field) or …)`"
            }
            excerpt =
                isRule ? rule?.excerpt(line: line, message: message) : SourceExcerpt(source: source, line: line, message: message)
            // An error behind the end of a body is one of its last line, and the wrapper's `end` is not the user's.
            if let excerpt, excerpt.line < line {
                line = excerpt.line
                message = message.replacing("near 'end'", with: "at the end of the code")
            }
        }
        let kind: RuleFailure.Kind =
            switch Int(record.kind) {
            case SL_FAILURE_SYNTAX: .syntax
            case SL_FAILURE_MEMORY: .memory
            case SL_FAILURE_TIME: .time
            default: .runtime
            }
        return RuleFailure(
            kind: kind, ruleIndex: index, rule: rule?.name ?? "", chunk: chunk.isEmpty ? rule?.name ?? "" : chunk,
            line: line, message: message,
            traceback: record.traceback.string.split(separator: "\n").map(String.init), excerpt: excerpt)
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
