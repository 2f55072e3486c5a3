import CSluice
import Logging
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceStore
import Synchronization

/// Runs one input on its own thread, again after a pause when it fails, and is the session that the input sees.
final class InputDriver: InputSession, Sendable {
    /// What an input is doing.
    enum Phase: String, Sendable {
        case waiting, running, failing, ended
    }

    /// What status shows of an input.
    struct Condition: Sendable {
        var phase = Phase.waiting
        var lastError: String?
        /// Nanoseconds since 1970 UTC of the last change of phase.
        var since: Int64 = 0
        /// Of the hosts that it fetches from; nil for inputs that fetch nothing.
        var hosts: [HostStatus]?
    }

    /// What was sent, or was to be sent, behind the stop and was not taken.
    private struct Gap {
        /// What follows moves no position: it would leap over what was not taken.
        var holdsPositions = false
        /// Nothing is confirmed any more: it may be what was not taken.
        var refutes = false
    }

    let name: String
    /// The number that events of this input keep.
    let source: Int
    let stop = StopFlag()
    let log: Logger
    let isRecovering: Bool
    private let input: any Input
    private let around: Lane.Surroundings
    private let partition: Partition
    /// Behind everything that was sent.
    private let latest: Mutex<[String: Position]>
    /// Behind everything that was answered and is saved.
    private let saved: Mutex<[String: Position]>
    private let condition = Mutex(Condition())
    private let pool = BatchPool()
    private let parts: [BatchPool]
    /// When the stop was asked for, on the monotonic clock.
    private let stoppedAt = Mutex<Int64>(0)
    private let ended = Mutex<@Sendable () -> Void>({})
    private let gap = Mutex(Gap())
    private let thread = Mutex<WorkerThread?>(nil)

    /// A driver that does not run yet.
    init(
        name: String, source: Int, input: any Input, positions: [Position], isRecovering: Bool, partition: Partition,
        around: Lane.Surroundings, log: Logger
    ) {
        self.name = name
        self.source = source
        self.input = input
        self.isRecovering = isRecovering
        self.partition = partition
        self.around = around
        self.log = log
        let known = Dictionary(uniqueKeysWithValues: positions.map { ($0.key, $0) })
        latest = Mutex(known)
        saved = Mutex(known)
        parts = (0..<partition.lanes).map { _ in BatchPool() }
    }

    /// Who is told when the input has come to its end by itself.
    func whenEnded(_ body: @escaping @Sendable () -> Void) { ended.withLock { $0 = body } }

    /// Starts the thread.
    func start() {
        thread.withLock { $0 = WorkerThread(name) { [self] in runUntilStopped() } }
    }

    /// Asks the input to end.
    func requestStop() {
        stoppedAt.withLock { $0 = MonotonicClock.now }
        stop.set()
        pool.wake()
        for part in parts { part.wake() }
        around.dispatcher.wake()
        around.desk.wake()
    }

    /// Waits for the thread's end.
    func join() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    /// What the input is doing now.
    var state: Condition { condition.withLock { $0 } }

    /// Goes on where an input of the same name has stopped that had other options: before the start.
    func takeOver(from old: InputDriver) {
        latest.withLock { $0 = old.positions }
        saved.withLock { $0 = old.savedPositions }
    }

    /// Positions that were saved, by key.
    var savedPositions: [String: Position] { saved.withLock { $0 } }

    /// These positions are saved.
    func confirmed(_ positions: some Sequence<Position>) {
        saved.withLock { saved in
            for position in positions { saved[position.key] = position.value == nil ? nil : position }
        }
    }

    // MARK: - Running

    /// First and longest pause before an input that failed is run again, in nanoseconds.
    private static let pauseMin: Int64 = 500_000_000
    private static let pauseMax: Int64 = 60_000_000_000
    /// How long after the stop room is waited for that what cannot be read again needs, in nanoseconds.
    private static let patienceNs: Int64 = 1_000_000_000

    private func runUntilStopped() {
        var pause = Self.pauseMin
        while !stop.isSet {
            let started = MonotonicClock.now
            do throws(InputError) {
                enter(.running, nil)
                try input.run(self)
                enter(.ended, nil)
                if !stop.isSet { ended.withLock { $0 }() }
                return
            } catch {
                enter(.failing, error.message)
                count(.failures, 1)
                // One that ran for a while failed for a new reason.
                if MonotonicClock.now - started > Self.pauseMax { pause = Self.pauseMin }
                log.warning("input `\(name)`: \(error.message); tried again in \(DurationText.text(pause))")
                _ = stop.wait(nanoseconds: pause)
                pause = min(pause * 2, Self.pauseMax)
            }
        }
        enter(.ended, nil)
    }

    private func enter(_ phase: Phase, _ message: String?) {
        let now = around.now()
        condition.withLock { condition in
            condition.phase = phase
            condition.since = now
            if let message { condition.lastError = message }
        }
    }

    // MARK: - The session

    var now: Int64 { around.now() }

    var positions: [String: Position] { latest.withLock { $0 } }

    var lanes: Int { partition.lanes }

    var ownLog: LogFeed? {
        around.ownLog?.claim(source: source)
        return around.ownLog
    }

    var isCongested: Bool { pool.isExhausted || around.dispatcher.isCongested(source: source) }

    func takeBatch() -> BatchBox? {
        let box = pool.take(stop: stop)
        if box == nil { gap.withLock { $0.holdsPositions = true } }
        return box
    }

    func giveBack(_ batch: BatchBox) { pool.give(batch) }

    func whenConfirmed(_ body: @escaping @Sendable (Bool) -> Void) {
        let isRefuted = gap.withLock { $0.refutes }
        around.dispatcher.whenConfirmed(source: source) { isConfirmed in body(isConfirmed && !isRefuted) }
    }

    func send(_ batch: BatchBox, stream: UInt64, bytes: Int, positions: [Position]) -> Bool {
        for index in 0..<batch.events.count { batch.events.raw.pointee.events[index].source = UInt32(source) }
        // A batch without events is a position that the input is sure of.
        let isBehindGap = !positions.isEmpty && batch.events.count > 0 && gap.withLock { $0.holdsPositions }
        // What is not sent, because the input was stopped meanwhile, moves no position: it is read again. What has none gets a while.
        let isSent =
            !isBehindGap && dispatch(batch, stream, bytes, positions, until: nil)
            || positions.isEmpty && dispatch(batch, stream, bytes, [], until: stoppedAt.withLock { $0 } + Self.patienceNs)
        guard isSent else {
            gap.withLock { $0 = Gap(holdsPositions: true, refutes: true) }
            pool.give(batch)
            return false
        }
        latest.withLock { latest in
            for position in positions { latest[position.key] = position.value == nil ? nil : position }
        }
        if bytes > 0 { count(.bytesRead, bytes) }
        return true
    }

    /// Puts a batch into the inboxes of its lanes. False when there is no room and the input has to end, or, with a deadline, when that has
    /// passed: then the batch is as it was.
    private func dispatch(_ batch: BatchBox, _ stream: UInt64, _ bytes: Int, _ positions: [Position], until deadline: Int64?) -> Bool {
        guard let sent = partition.split(batch, pool: pool, stream: stream, pools: parts, stop: stop, until: deadline) else { return false }
        let isWhole = sent.contains { $0.box === batch }
        guard
            around.dispatcher.send(sent, source: source, bytes: bytes, positions: positions, stop: stop, until: deadline)
        else {
            if !isWhole { for part in sent { part.pool.give(part.box) } }
            return false
        }
        if !isWhole { pool.give(batch) }
        return true
    }

    func refuse(_ raw: UnsafeRawBufferPointer, reason: String) {
        let letter = LetterWriting.letter(refused: raw, reason: reason, input: name, time: around.now())
        around.desk.add(letter, stop: stop)
        around.counters.add { counts in
            counts.ledger.received += 1
            counts.ledger.deadLettered += 1
        }
        count(.refusedFrames, 1)
    }

    func report(_ hosts: [HostStatus]) { condition.withLock { $0.hosts = hosts } }

    func count(_ counter: InputCounter, _ more: Int) {
        around.counters.add { $0.inputs[name, default: InputCounts()].own[counter.rawValue, default: 0] += more }
    }
}
