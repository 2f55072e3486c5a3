package import CSluice
package import SluiceComponent
import SluiceEvent
package import SluiceInputs
import SluiceOutputs
package import SluiceRules

/// `sluice filter`: inputs one after the other → frames → events → rules → encoders → outputs, on the calling thread.
///
/// The whole hot path is ``runInput(_:)``: fill, decode, rules, route, encode, write. A batch is what one read gives, so it
/// leaves at once when the input is slow and is full when the input is fast.
package final class FilterPipeline {
    /// What happens at the places where the pipeline has something to tell.
    package struct Hooks {
        /// A call of a rule failed; the event is as it was before the rule. The line is its dead letter, nil when the rule's
        /// policy is another.
        package var failed: (RuleFailure, UnsafeMutablePointer<sl_buffer>?) -> Void
        /// A strict decoder refused a frame.
        package var refused: (String, UnsafeMutablePointer<sl_buffer>) -> Void
        /// A batch is done: bytes read of this input, and all its bytes when known.
        package var progressed: (_ read: Int, _ total: Int?) -> Void

        /// Hooks that do nothing.
        package init() {
            failed = { _, _ in }
            refused = { _, _ in }
            progressed = { _, _ in }
        }
    }

    private let lane: RuleLane
    private var decoder: any Decoder
    private let formatName: String
    private let outputs: [OutputStage]
    private let now: Int64?
    private let hooks: Hooks
    private let batch = EventBatch()
    private var router: Router
    private var letters = DeadLetterWriter()
    private var source: UInt32 = 0
    /// How many calls of rules failed.
    package private(set) var failures = 0
    /// What framing had to answer for, over all inputs.
    package private(set) var framing = FramingCounts()

    /// A pipeline; `outputs` are in the order of the lane's output names, `defaultOutputs` are indexes into them. `now`
    /// fixes the clock of receipt.
    package init(
        lane: RuleLane, decoder: any Decoder, formatName: String, outputs: [OutputStage], defaultOutputs: [Int], now: Int64?,
        hooks: Hooks
    ) {
        self.lane = lane
        self.decoder = decoder
        self.formatName = formatName
        self.outputs = outputs
        self.now = now
        self.hooks = hooks
        router = Router(defaultOutputs: defaultOutputs.reduce(0) { $0 | 1 << UInt64($1) }, rules: lane.rules.count)
        lane.setClock(now ?? SystemClock.nanoseconds, followsData: true)
    }

    /// How often the rules' Lua state had to be made anew.
    package var rebuilds: Int { lane.rebuilds }

    /// The ledger so far.
    package var ledger: Ledger { router.ledger }

    /// Events dropped, by rule index.
    package var droppedByRule: [Int] { router.droppedByRule }

    /// Events with each flag, by bit.
    package var flagged: [Int] { router.flagged }

    /// Reads one input to its end. Answers false when a signal asked to stop.
    package func runInput(_ stage: inout InputStage, source: UInt32) throws -> Bool {
        self.source = source
        decoder.startStream()
        defer { framing = framing.adding(stage.framingCounts) }
        while true {
            batch.clear()
            let received: Int64
            let filled: Filled
            do {
                filled = try stage.fill(batch)
                received = now ?? SystemClock.nanoseconds
            } catch {
                // What the decoder still holds came before the fault.
                batch.clear()
                decoder.finish(received: now ?? SystemClock.nanoseconds, into: batch)
                try process()
                try flush()
                throw error
            }
            if filled.startsStream {
                decoder.finish(received: received, into: batch)
                decoder.startStream()
            }
            decode(filled.frames, received)
            if filled.isEnd { decoder.finish(received: received, into: batch) }
            try process()
            if filled.isIdle || filled.isEnd { try flush() }
            hooks.progressed(stage.bytesRead, stage.bytesTotal)
            if filled.isStopped { return false }
            if filled.isEnd { return true }
        }
    }

    /// Calls `shutdown` of the rules and writes what is left.
    package func finish() throws {
        batch.clear()
        lane.shutdown(batch) { [self] in ruleFailed($0, $1) }
        try deliver()
        try flush()
        lane.context.flushLog()
    }

    // MARK: - Stages

    private func decode(_ frames: UnsafeBufferPointer<Frame>, _ received: Int64) {
        var rest = frames
        while rest.count > 0 {
            let (decoded, refusal) = decoder.decode(rest, received: received, into: batch)
            guard let refusal else { return }
            refuse(rest[decoded], "\(refusal)", received)
            rest = UnsafeBufferPointer(rebasing: rest[(decoded + 1)...])
        }
    }

    private func process() throws(OutputError) {
        let events = batch.count
        guard events > 0 else { return }
        router.countReceived(events)
        if source > 0 {
            for index in 0..<events { batch.raw.pointee.events[index].source = source }
        }
        lane.run(batch) { [self] in ruleFailed($0, $1) }
        try deliver()
    }

    private func deliver() throws(OutputError) {
        let emitted = Int(lane.totals.emitted)
        router.countEmitted(emitted - ledger.emitted)
        var used = router.route(batch)
        while used != 0 {
            let index = used.trailingZeroBitCount
            try outputs[index].encode(batch, bit: 1 << UInt64(index))
            used &= used - 1
        }
    }

    private func flush() throws(OutputError) {
        for output in outputs { try output.flush() }
    }

    // MARK: - Failures

    private func ruleFailed(_ failure: RuleFailure, _ event: UnsafePointer<sl_event>?) {
        failures += 1
        guard let event, lane.rules[failure.ruleIndex].onError == .deadLetter else { return hooks.failed(failure, nil) }
        let reason = DeadLetterWriter.Reason(
            rule: failure.rule, line: failure.line, error: failure.message, traceback: failure.traceback)
        let line = letters.text(
            reason, time: now ?? SystemClock.nanoseconds, event: event, raw: batch.bytes(event.pointee.raw), in: batch)
        hooks.failed(failure, line)
    }

    private func refuse(_ frame: Frame, _ why: String, _ received: Int64) {
        router.countRefused(1)
        let text = "frame refused by `\(formatName)` in strict mode: \(why)"
        let reason = DeadLetterWriter.Reason(rule: nil, line: 0, error: text)
        hooks.refused(text, letters.text(reason, time: received, event: nil, raw: batch.bytes(frame.raw), in: batch))
    }
}
