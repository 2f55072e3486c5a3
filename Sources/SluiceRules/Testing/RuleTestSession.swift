import CSluice
import Glibc
import SluiceComponent
import SluiceConfig
import SluiceDecoding
import SluiceEvent

/// One file of tests while it runs: carries out what its prelude asks for, on lanes of the rules that live for one test.
///
/// The rules run in Lua states of their own, never in that of the tests: a test lane's host function enters another lane. Both
/// lanes keep the law by themselves, because each has its own protected call and answers by value.
final class RuleTestSession {
    /// A test as the file declared it.
    struct Definition {
        let name: String
        /// From 1, 0 when unknown.
        let line: Int
    }

    /// An expectation that was not met: it explains the error that follows.
    struct Unmet {
        let matcher: String
        let message: String
        let expected: String?
        let got: String?
    }

    /// Clock of a test until its first event brings a time: 2026-01-01T00:00:00Z.
    static let startNanoseconds: Int64 = 1_767_225_600_000_000_000
    /// Timer calls of one `advance` at most.
    private static let advanceStepsMax = 10_000
    /// Lines of the log that a test keeps.
    private static let logLinesMax = 200

    let setting: RuleTestSetting
    let suite: RuleTestSuite
    var definitions: [Definition] = []
    /// Index of the running test, -1 at the top level of the file.
    var current = -1
    var unmet: Unmet?
    var pendingMeta: [(name: String, value: [UInt8])] = []
    /// Failures of rules during the test, and what was logged.
    private(set) var failures: [RuleFailure] = []
    private(set) var log: [LogRecord] = []

    /// The lane that the file of tests runs in.
    weak var testLane: RuleLane?
    /// The batch of that lane: events that the prelude makes of tables are its last ones.
    private let testBatch: UnsafeMutablePointer<sl_batch>
    private let batch = EventBatch()
    private let scratch = UnsafeMutablePointer<sl_buffer>.allocate(capacity: 1)
    private var alone: RuleLane?
    private var whole: RuleLane?
    private var aloneGeneration: RuleGeneration?
    private var wholeGeneration: RuleGeneration?
    private var usesWhole = false
    private var errors: [UInt32: RuleFailure] = [:]
    private var timerError: RuleFailure?
    private var logMark = 0
    /// Files that a rule which did not load asked for.
    private var missing: [RuleFiles] = []

    init(_ suite: RuleTestSuite, _ setting: RuleTestSetting, testBatch: UnsafeMutablePointer<sl_batch>) {
        self.suite = suite
        self.setting = setting
        self.testBatch = testBatch
        scratch.initialize(to: sl_buffer())
    }

    deinit {
        sl_buffer_destroy(scratch)
        scratch.deallocate()
    }

    /// Files that rules read while they loaded, or looked for.
    var filesRead: [String] {
        ([aloneGeneration, wholeGeneration].compactMap { $0?.files } + missing).flatMap { $0.requests.map(\.path) }
    }

    // MARK: - Tests

    func define(_ name: String, place: String, _ call: HostCall) {
        guard current < 0 else { return call.fail("`test` is called at the top level of the file, not inside of a test") }
        guard !definitions.contains(where: { $0.name == name }) else {
            return call.fail("there are two tests with the name \"\(name)\"; names are unique in a file")
        }
        let digits = place.split(separator: ":").dropLast().last ?? ""
        definitions.append(Definition(name: name, line: Int(digits) ?? 0))
        call.push(Int64(definitions.count))
    }

    /// A test begins: everything that the one before had is gone.
    func begin(_ index: Int) {
        current = index
        alone = nil
        whole = nil
        usesWhole = false
        unmet = nil
        failures.removeAll()
        log.removeAll()
        pendingMeta.removeAll()
    }

    /// Ends the call when no test runs.
    func isRunning(_ call: HostCall, _ name: String) -> Bool {
        if current < 0 { call.fail("`\(name)` works inside of a test: test(\"…\", function() … end)") }
        return current >= 0
    }

    func note(_ record: LogRecord) {
        if log.count < Self.logLinesMax { log.append(record) }
    }

    // MARK: - Lanes

    private func lane(isWhole: Bool) throws(RuleFailure) -> RuleLane {
        if let made = isWhole ? whole : alone { return made }
        let rules = isWhole ? setting.rules : suite.rule.map { [$0.forEveryInput] } ?? []
        // What files held when the first test ran holds for all of them.
        let generation =
            (isWhole ? wholeGeneration : aloneGeneration)
            ?? RuleGeneration(number: 1, rules: rules, outputs: setting.outputs ?? [], inputs: setting.inputs)
        let context = HostContext(
            now: Self.startNanoseconds, localZone: setting.zone, random: RandomSource(seed: 1),
            logSink: { [weak self] in self?.note($0) })
        context.coverage = setting.coverage
        var isMade = false
        defer { if !isMade { missing.append(context.files) } }
        let made = try RuleLane(
            generation: generation, limits: setting.limits, context: context, catchesKeptEvents: true,
            acceptsAnyOutput: setting.outputs == nil)
        isMade = true
        made.setClock(Self.startNanoseconds, followsData: true)
        if isWhole { (whole, wholeGeneration) = (made, made.generation) } else { (alone, aloneGeneration) = (made, made.generation) }
        return made
    }

    /// The lane that a call asks for, or nil with the call failed.
    private func lane(isWhole: Bool, _ call: HostCall) -> RuleLane? {
        if !isWhole, suite.rule == nil {
            call.fail(suite.reasonWithoutRule)
        } else if isWhole, setting.rules.isEmpty {
            call.fail("`run_all` needs the rule set of a configuration: `sluice test -c sluice.yaml`")
        } else {
            do throws(RuleFailure) {
                usesWhole = isWhole
                return try lane(isWhole: isWhole)
            } catch {
                failures.append(error)
                call.fail("the rule does not load: \(error.summary)")
            }
        }
        return nil
    }

    // MARK: - Calls

    /// `run(whole, text, format, message_format, input, peer, received, timezone)`: without text the event that was made last.
    func run(_ call: HostCall) {
        guard isRunning(call, call.boolean(0) ? "run_all" : "run"), let lane = lane(isWhole: call.boolean(0), call) else { return }
        start()
        guard let received = received(call, 6, lane), appendEvent(call, received) else { return }
        let event = batch.raw.pointee.events!
        event.pointee.source = lane.addInput(call.has(4) ? call.string(4) : "test")
        if call.has(5) {
            let peer = call.bytes(5)
            // SAFETY: a peer has the form of a name: its length and its bytes.
            event.pointee.peer = sl_batch_append_name(batch.raw, peer.baseAddress?.assumingMemoryBound(to: CChar.self), peer.count)
        }
        for (name, value) in pendingMeta { batch.addMeta(name, value) }
        pendingMeta.removeAll()
        lane.run(batch) { [self] in note($0, $1) }
        answer(call, lane, sources: 1)
    }

    /// The clock goes on, from one due timer to the next as in real time.
    func advance(by duration: Int64, _ call: HostCall) {
        guard isRunning(call, "advance") else { return }
        if alone == nil, whole == nil, lane(isWhole: suite.rule == nil, call) == nil { return }
        let used = usesWhole ? whole : alone
        let others = [alone, whole].compactMap { $0 }.filter { $0 !== used }
        for lane in others + [used].compactMap({ $0 }) {
            start()
            guard advance(lane, by: duration, call) else { return }
        }
        if let used { answer(call, used, sources: 0) }
    }

    private func advance(_ lane: RuleLane, by duration: Int64, _ call: HostCall) -> Bool {
        let (target, overflow) = lane.clock.addingReportingOverflow(duration)
        guard !overflow else {
            call.fail("`advance` would move the clock behind the year 2262")
            return false
        }
        // With the clock of the data timers begin with the first time that it sees.
        lane.advanceClock(lane.clock)
        lane.runTimers(batch) { [self] in note($0, $1) }
        let begin = RuleTestClock.nanoseconds
        var steps = 0
        while let due = lane.nextTimer, due <= target {
            steps += 1
            guard steps <= Self.advanceStepsMax, RuleTestClock.nanoseconds - begin < setting.testNanoseconds else {
                call.fail("`advance` fired timers \(steps) times and is not at its end; advance by less")
                return false
            }
            lane.advanceClock(due)
            lane.runTimers(batch) { [self] in note($0, $1) }
        }
        lane.advanceClock(target)
        return true
    }

    /// Points `event` of the test lane at an event of the last run, from 1; 0 for none.
    func show(_ index: Int) {
        var position = 0
        var shown: UnsafeMutablePointer<sl_batch>?
        var event: UInt32 = 0
        if index > 0 {
            batch.forEachIndex { each in
                position += 1
                if position == index { (shown, event) = (batch.raw, each) }
            }
        }
        testLane?.show(shown, event)
    }

    // MARK: - The event of a run

    private func start() {
        batch.clear()
        errors.removeAll()
        timerError = nil
        logMark = log.count
    }

    private func received(_ call: HostCall, _ index: Int, _ lane: RuleLane) -> Int64? {
        guard call.has(index) else { return lane.clock }
        if call.kind(index) == .timestamp { return call.timestamp(index).nanoseconds }
        let bytes = call.bytes(index)
        // SAFETY: argument bytes live as long as the call.
        let text = bytes.bindMemory(to: UInt8.self)
        if let start = text.baseAddress, let time = TimestampText.parseRFC3339(start, text.count) { return time.ns }
        call.fail("`\(call.string(index))` is no value for `received`; it takes RFC 3339 such as `2026-10-09T22:33:20Z`")
        return nil
    }

    private func appendEvent(_ call: HostCall, _ received: Int64) -> Bool {
        guard call.has(1) else {
            batch.appendNew(testBatch.pointee.event_count - 1, from: testBatch, received: received)
            return true
        }
        var text = call.bytes(1)
        if text.last == 0x0A { text = UnsafeRawBufferPointer(rebasing: text.dropLast()) }
        if text.last == 0x0D { text = UnsafeRawBufferPointer(rebasing: text.dropLast()) }
        let span = batch.append(text)
        do {
            let zone = call.has(7) ? try zone(call.string(7)) : setting.zone
            var decoder = try DecoderCatalogue.make(
                OptionText(call.has(2) ? call.string(2) : "auto"), zone: zone,
                messageFormat: call.has(3) ? OptionText(call.string(3)) : nil
            ).decoder
            decoder.startStream()
            _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: received, into: batch)
            decoder.finish(received: received, into: batch)
        } catch {
            call.fail(error.message)
            return false
        }
        if batch.count != 1 {
            call.fail("the text decodes to \(batch.count == 0 ? "no event" : "\(batch.count) events"); `run` takes one message")
        }
        return batch.count == 1
    }

    private func zone(_ name: String) throws(ConfigError) -> Zone {
        do throws(ZoneError) {
            return try Zone(named: name)
        } catch {
            throw ConfigError(
                .invalidValue, "unknown zone `\(name)`; `timezone` takes names such as `Europe/Berlin`, `UTC` or `+02:00`")
        }
    }

    private func note(_ failure: RuleFailure, _ event: UnsafePointer<sl_event>?) {
        failures.append(failure)
        guard let event, let events = batch.raw.pointee.events else { return timerError = failure }
        errors[UInt32(event - UnsafePointer(events))] = failure
    }

    // MARK: - The answer

    private func answer(_ call: HostCall, _ lane: RuleLane, sources: Int) {
        let names = lane.outputNames
        let start = call.textStart
        let to = call.scratch
        to.append("{\"events\":[")
        var isFirst = true
        batch.forEachIndex { index in
            if !isFirst { to.append(UInt8(ascii: ",")) }
            isFirst = false
            describe(index, lane, names, isSource: index < sources, to)
        }
        to.append("],\"log\":[")
        for (index, record) in log[logMark...].enumerated() {
            if index > 0 { to.append(UInt8(ascii: ",")) }
            to.appendLiteral(record.text)
        }
        to.append(UInt8(ascii: "]"))
        if let timerError { write(timerError, to) }
        to.append(UInt8(ascii: "}"))
        call.pushTable(from: start)
    }

    private func describe(
        _ index: UInt32, _ lane: RuleLane, _ names: [String], isSource: Bool, _ to: UnsafeMutablePointer<sl_buffer>
    ) {
        let event = batch.raw.pointee.events + Int(index)
        let verdict = RuleTestVerdict(event.pointee.verdict)
        var routed = names.indices.filter { event.pointee.outputs >> UInt64($0) & 1 == 1 }.map { names[$0] }
        if usesWhole, verdict == .passed { routed += setting.defaultOutputs.filter { !routed.contains($0) } }
        to.append("{\"verdict\":")
        to.appendLiteral(verdict.rawValue)
        to.append(",\"outputs\":[")
        for (index, name) in routed.sorted().enumerated() {
            if index > 0 { to.append(UInt8(ascii: ",")) }
            to.appendLiteral(name)
        }
        to.append("],\"is_source\":")
        to.append(isSource ? "true" : "false")
        if verdict != .passed, Int(event.pointee.rule) < lane.rules.count {
            to.append(",\"rule\":")
            to.appendLiteral(lane.rules[Int(event.pointee.rule)].name)
        }
        if let failure = errors[index] { write(failure, to) }
        to.append(",\"meta\":")
        batch.writeMeta(event, input: lane.inputName(event.pointee.source), to, scratch)
        to.append(UInt8(ascii: "}"))
    }

    private func write(_ failure: RuleFailure, _ to: UnsafeMutablePointer<sl_buffer>) {
        to.append(",\"error\":")
        to.appendLiteral(failure.message)
        to.append(",\"error_place\":")
        to.appendLiteral(failure.place)
    }
}
