import CSluice
import SluiceComponent
import SluiceEvent
import SluiceRules
import SluiceStore
import Synchronization

/// What one lane has done since it was made.
struct LaneFigures: Sendable {
    var events = 0
    var batches = 0
    /// Of the Lua state.
    var memoryBytes = 0
    /// Times that the Lua state was made anew.
    var rebuilds = 0
    var timerFailures = 0
    /// Longest time that an order kept the lane from its batches, in nanoseconds.
    var longestPause: Int64 = 0
}

/// One lane: a thread with one Lua state, one inbox, and an encoder for each output.
///
/// The loop is ``run()``: take from the inbox, run the rules, route, encode, hand on. Everything that the lane has is its own; it
/// shares only the dispatcher, the outputs' queues and the counters. What others want of it (a new generation, a look at its
/// memory) comes through the inbox as an order and is done between two batches.
final class Lane: @unchecked Sendable {
    // SAFETY: after `start` everything mutable is touched by the lane's own thread only; others send orders.

    /// What a lane works with and does not own.
    struct Surroundings: Sendable {
        let dispatcher: Dispatcher
        let counters: ServiceCounters
        let recent: RecentEvents
        let desk: DeadLetterDesk
        let checkpoints: CheckpointBook
        let now: @Sendable () -> Int64
        /// Set when what is under way may be left: shutdown took too long.
        let abandon: StopFlag
        /// The program's log, when an input may make events of it.
        var ownLog: LogFeed?
    }

    let index: Int
    /// The rules as they run now.
    private(set) var rules: RuleLane
    /// Number of the generation that runs now.
    private(set) var generation: Int
    private var outputs: LaneOutputs
    private let around: Surroundings
    private let report: @Sendable (RuleFailure, Bool) -> Void
    private let own = BatchBox()
    private var router: Router
    private var emitted = 0
    private var thread: WorkerThread?
    private let shared = Mutex(LaneFigures())

    /// A lane; `report` is told of each failure of a rule, and whether it was an event's.
    init(
        index: Int, rules: RuleLane, generation: Int, outputs: LaneOutputs, around: Surroundings,
        report: @escaping @Sendable (RuleFailure, Bool) -> Void
    ) {
        self.index = index
        self.rules = rules
        self.generation = generation
        self.outputs = outputs
        self.around = around
        self.report = report
        router = Router(defaultOutputs: outputs.defaults, rules: rules.rules.count)
        rules.setClock(around.now(), followsData: false)
    }

    /// Starts the thread.
    func start() { thread = WorkerThread("lane \(index)") { [self] in run() } }

    /// Waits for the thread's end.
    func join() {
        thread?.join()
        thread = nil
    }

    // MARK: - The loop

    private func run() {
        while true {
            switch around.dispatcher.take(lane: index, until: timerDeadline) {
            case .batch(let shipment):
                if around.ownLog?.isClaimed(source: shipment.source) == true {
                    // What is logged about lines of the log makes no further ones.
                    LogFeed.muted { process(shipment) }
                } else {
                    process(shipment)
                }
            case .marker(let epoch): around.checkpoints.reached(epoch, lane: index, rules.stateSnapshots())
            case .order(let order): carryOut(order)
            case .end: return finish()
            case nil: runTimers()
            }
        }
    }

    private func carryOut(_ order: @Sendable (Lane) -> Void) {
        let started = MonotonicClock.now
        order(self)
        let pause = MonotonicClock.now - started
        shared.withLock { $0.longestPause = max($0.longestPause, pause) }
    }

    private func process(_ shipment: Shipment) {
        let batch = shipment.box
        let now = around.now()
        around.recent.keep(batch.events, now: now)
        rules.advanceClock(now)
        let received = batch.events.count
        rules.run(batch.events) { failure, event in ruleFailed(failure, event, in: batch) }
        handOn(batch, received: received, source: shipment.source, epoch: shipment.epoch)
        shipment.pool.give(batch)
    }

    /// Runs events that are no input's (re-drive) through the rules; `failed` gets the index of each that fails. What fails is not
    /// kept again: who runs it has it.
    func runAgain(_ batch: BatchBox, failed: (Int) -> Void) {
        rules.advanceClock(around.now())
        rules.run(batch.events) { failure, event in
            tell(failure, isEvent: event != nil)
            if let event { failed(event - UnsafePointer(batch.events.raw.pointee.events)) }
        }
    }

    /// Hands on a batch of the lane's own; `answered` is called when all outputs of all its events have answered.
    func handOn(_ batch: BatchBox, received: Int, redriven: Int, answered: @escaping @Sendable () -> Void) {
        around.counters.add { $0.redriven += redriven }
        handOn(batch, received: received, source: Self.ownSource, epoch: around.dispatcher.began(source: Self.ownSource), then: answered)
    }

    /// What the lanes send themselves has this number and no positions.
    private static let ownSource = -1

    var outputNames: [String] { outputs.names }

    var inputNames: [String] { outputs.inputs }

    /// Routes and encodes a batch that the rules have seen; its events are answered for from here on.
    private func handOn(
        _ batch: BatchBox, received: Int, source: Int, epoch: Int, then: @escaping @Sendable () -> Void = {}
    ) {
        let used = router.route(batch.events)
        let groups = DeliveryGroups.of(batch.events)
        count(received: received, source: source)
        let around = around
        let delivery = Delivery(groups) { result in
            around.counters.add { counts in
                counts.ledger.delivered += result.delivered
                counts.ledger.discarded += result.discarded
                counts.ledger.deadLettered += result.deadLettered
            }
            then()
            around.dispatcher.answered(source: source, epoch: epoch)
        }
        outputs.send(batch.events, used: used, delivery: delivery)
    }

    /// Brings the counters to what the router and the rules have counted since the last batch.
    private func count(received: Int, source: Int) {
        let total = Int(rules.totals.emitted)
        let made = total - emitted
        emitted = total
        let tally = router.take()
        let input = source >= 0 ? outputs.inputs[source] : ""
        let names = rules.rules
        let generation = generation
        around.counters.add { counts in
            counts.ledger.received += received
            counts.ledger.emitted += made
            counts.ledger.addKept(tally.ledger)
            counts.generations[generation, default: GenerationCounts()].events += received
            if source >= 0 {
                counts.inputs[input, default: InputCounts()].events += received
                counts.inputs[input, default: InputCounts()].batches += 1
            }
            for (index, dropped) in tally.droppedByRule where dropped > 0 {
                counts.rules[names[index].name, default: RuleCounts()].dropped += dropped
            }
            for (bit, flagged) in tally.flagged { counts.flagged[bit] += flagged }
        }
        let (memory, rebuilds) = (rules.memoryBytes, rules.rebuilds)
        shared.withLock { figures in
            figures.events += received
            figures.batches += 1
            figures.memoryBytes = memory
            figures.rebuilds = rebuilds
        }
    }

    /// What the lane has done so far; from any thread.
    var figures: LaneFigures { shared.withLock { $0 } }

    // MARK: - Timers and the end

    /// When the loop has to look at timers, by the monotonic clock.
    private var timerDeadline: Int64? {
        guard let due = rules.nextTimer else { return nil }
        return MonotonicClock.now + max(0, due - around.now())
    }

    private func runTimers() {
        own.events.clear()
        rules.advanceClock(around.now())
        rules.runTimers(own.events) { failure, event in ruleFailed(failure, event, in: own) }
        handOnOwn()
    }

    private func handOnOwn() {
        let epoch = around.dispatcher.began(source: Self.ownSource)
        handOn(own, received: 0, source: Self.ownSource, epoch: epoch)
    }

    private func finish() {
        own.events.clear()
        rules.advanceClock(around.now())
        rules.shutdown(own.events) { failure, event in ruleFailed(failure, event, in: own) }
        handOnOwn()
        rules.context.flushLog()
        around.checkpoints.ended(lane: index, rules.stateSnapshots())
    }

    // MARK: - Failures

    private func ruleFailed(_ failure: RuleFailure, _ event: UnsafePointer<sl_event>?, in batch: BatchBox) {
        tell(failure, isEvent: event != nil)
        guard let event, rules.rules[failure.ruleIndex].onError == .deadLetter else { return }
        let letter = LetterWriting.letter(
            failure, generation: generation, event: event, batch: batch.events, outputs: outputs.names,
            inputs: outputs.inputs, time: around.now())
        around.desk.add(letter, stop: around.abandon)
    }

    private func tell(_ failure: RuleFailure, isEvent: Bool) {
        report(failure, isEvent)
        let generation = generation
        around.counters.add { counts in
            counts.rules[failure.rule, default: RuleCounts()].failures += 1
            if isEvent {
                counts.generations[generation, default: GenerationCounts()].failures += 1
            } else {
                counts.timerFailures += 1
            }
        }
        if !isEvent { shared.withLock { $0.timerFailures += 1 } }
    }

    // MARK: - Generations

    /// Takes over a generation that was staged in ``rules``, with the outputs that belong to it. Within an order only.
    func adopt(generation: Int, outputs: LaneOutputs) {
        self.generation = generation
        self.outputs = outputs.keepingEncoders(of: self.outputs)
        router = Router(defaultOutputs: outputs.defaults, rules: rules.rules.count)
    }
}
