import Logging
import SluiceComponent
import SluiceRules
import SluiceStore
import Synchronization

/// Saves, a few times a second while something moves, how far every input has come, with the rules' state of the same moment and
/// the dead letters from before it, in one transaction.
///
/// A round: note positions and put a marker into every inbox; collect each lane's `state` when it meets the marker; wait until what
/// was sent before the marker was answered; write. Inputs that wait for a slow output longer than a second are left out and come
/// with a later round, so that one output that is down does not hold up the others' positions. What a crash repeats is what came
/// after the last round that was written.
final class Checkpointer: Sendable {
    private struct Pending {
        /// Movements that were not written yet, by input, oldest first.
        var movements: [Int: [(epoch: Int, movement: Dispatcher.Movement)]] = [:]
        var isFailing = false
        /// Why the `state` of a rule was not kept the last time: said once.
        var refused: [String: String] = [:]
    }

    /// A round waits so long for outputs to answer.
    private static let answerNanoseconds: Int64 = 1_000_000_000
    /// After a round that could not be written.
    private static let retryNanoseconds: Int64 = 1_000_000_000

    private let store: Store
    private let dispatcher: Dispatcher
    private let book: CheckpointBook
    private let desk: DeadLetterDesk
    private let lanes: Int
    private let interval: Int64
    private let log: Logger
    /// Of all inputs that there ever were, by number; those that were taken out have no driver.
    private let inputs = Mutex<[(name: String, driver: InputDriver?)]>([])
    private let pending = Mutex(Pending())
    private let lost = Mutex(0)
    private let full = Mutex(false)
    private let stop = StopFlag()
    private let thread = Mutex<WorkerThread?>(nil)

    /// A checkpointer that does not run yet.
    init(
        store: Store, dispatcher: Dispatcher, book: CheckpointBook, desk: DeadLetterDesk, lanes: Int, interval: Int64,
        log: Logger
    ) {
        self.store = store
        self.dispatcher = dispatcher
        self.book = book
        self.desk = desk
        self.lanes = lanes
        self.interval = interval
        self.log = log
    }

    /// The inputs by number, now and after a reload.
    func setInputs(_ topology: Topology) {
        let new = zip(topology.inputNames, topology.inputs).map { (name: $0, driver: $1?.driver) }
        inputs.withLock { $0 = new }
    }

    /// Whether the last round could not be written.
    var isFailing: Bool { pending.withLock { $0.isFailing } }

    /// Dead letters that had to go for `dead_letters.max_size`.
    var lettersLost: Int { lost.withLock { $0 } }

    /// Whether dead letters do not fit any more, so that nothing goes on.
    var areLettersFull: Bool { full.withLock { $0 } }

    /// Starts the thread.
    func start() {
        thread.withLock { $0 = WorkerThread("checkpoints") { [self] in run() } }
    }

    /// Ends the thread.
    func finish() {
        stop.set()
        dispatcher.wake()
        book.wake()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func run() {
        while dispatcher.waitForMovement(interval: interval, stop: stop) {
            round()
            if isFailing {
                _ = stop.wait(nanoseconds: Self.retryNanoseconds)
                dispatcher.stir()
            }
        }
    }

    // MARK: - A round

    private func round() {
        book.expect(epoch: dispatcher.epoch, lanes: lanes)
        let (epoch, movements) = dispatcher.mark()
        note(movements, epoch)
        guard let states = book.snapshots(until: nil, stop: stop) else { return }
        for (rule, reason) in book.takeRefused() where pending.withLock({ $0.refused.updateValue(reason, forKey: rule) }) != reason {
            log.error("`state` of rule `\(rule)` is not kept: \(reason); what was kept before stays")
        }
        dispatcher.waitForAnswers(through: epoch, until: MonotonicClock.now + Self.answerNanoseconds, stop: stop)
        write(states)
    }

    /// The last round: the lanes have ended, and the outputs have answered what they could.
    func writeLast() {
        let (epoch, movements) = dispatcher.mark()
        note(movements, epoch)
        write(book.snapshots(until: MonotonicClock.now, stop: stop) ?? [:])
        let unconfirmed = pending.withLock { pending in
            defer { pending.movements = [:] }
            return pending.movements.values.flatMap { $0.flatMap(\.movement.confirmations) }
        }
        for body in unconfirmed { body(false) }
    }

    private func note(_ movements: [Int: Dispatcher.Movement], _ epoch: Int) {
        pending.withLock { pending in
            for (source, movement) in movements { pending.movements[source, default: []].append((epoch, movement)) }
        }
    }

    private func write(_ states: [Int: [SluiceRules.RuleState]]) {
        let answered = answeredMovements()
        let letters = desk.waiting
        let inputs = inputs.withLock { $0 }
        var checkpoint = Checkpoint()
        checkpoint.letters = letters
        // An input that took the place of another of its name has the larger number: its positions are written last.
        for each in answered.sorted(by: { $0.source < $1.source }) {
            guard inputs.indices.contains(each.source) else { continue }
            let name = inputs[each.source].name
            checkpoint.positions += each.movement.positions.values.map { InputPosition(input: name, position: $0) }
        }
        for (lane, snapshots) in states {
            checkpoint.states += snapshots.map {
                SluiceStore.RuleState(rule: $0.rule, lane: lane, version: $0.version, bytes: $0.bytes)
            }
        }
        if checkpoint.isEmpty { return forget(answered) }
        do throws(StoreError) {
            switch try store.write(checkpoint) {
            case .written(let dropped): if dropped > 0 { lettersDropped(dropped) }
            case .lettersFull:
                full.withLock { $0 = true }
                return failed("the dead letters have reached `dead_letters.max_size`; purge or redrive some")
            }
        } catch {
            return failed(error.message)
        }
        full.withLock { $0 = false }
        desk.remove(letters.count)
        book.saved(states)
        forget(answered)
        for each in answered where inputs.indices.contains(each.source) {
            inputs[each.source].driver?.confirmed(each.movement.positions.values)
        }
        let wasFailing = pending.withLock { pending in
            defer { pending.isFailing = false }
            return pending.isFailing
        }
        if wasFailing { log.info("checkpoints are written again") }
    }

    private typealias Answered = (source: Int, epoch: Int, movement: Dispatcher.Movement)

    /// For each input the movements all of whose batches were answered, as one, and the epoch of the last of them.
    private func answeredMovements() -> [Answered] {
        pending.withLock { pending in
            pending.movements.compactMap { source, movements in
                let last = dispatcher.answeredEpoch(source: source)
                var sum: Answered?
                for (epoch, movement) in movements where epoch <= last {
                    var answered = sum ?? (source, epoch, Dispatcher.Movement())
                    answered.epoch = epoch
                    answered.movement.positions.merge(movement.positions) { $1 }
                    answered.movement.bytes += movement.bytes
                    answered.movement.confirmations += movement.confirmations
                    sum = answered
                }
                return sum
            }
        }
    }

    /// What was written needs not be written again.
    private func forget(_ answered: [Answered]) {
        pending.withLock { pending in
            for each in answered { pending.movements[each.source]?.removeAll { $0.epoch <= each.epoch } }
        }
        for each in answered {
            dispatcher.confirmed(source: each.source, bytes: each.movement.bytes)
            for body in each.movement.confirmations { body(true) }
        }
    }

    private func lettersDropped(_ count: Int) {
        lost.withLock { $0 += count }
        log.error("\(count) dead letters were discarded, oldest first: `dead_letters.max_size` was reached")
    }

    private func failed(_ reason: String) {
        let isFirst = pending.withLock { pending in
            defer { pending.isFailing = true }
            return !pending.isFailing
        }
        if isFirst { log.error("checkpoint not written: \(reason); tried again every second, inputs wait") }
    }
}
