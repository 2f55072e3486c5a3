import Glibc
package import SluiceAdmin
import SluiceComponent
import SluiceEvent
import SluiceRules
import SluiceStore
import Synchronization

/// What the service tells of itself.
extension Service {
    /// What runs now.
    var current: Topology { topology.withLock { $0 } }

    var configuration: ServiceConfiguration { topology.withLock { $0.configuration } }

    /// Number of the generation that runs.
    package var generationNumber: Int { topology.withLock { $0.generation.number } }

    /// Whether other rules run than those on disk.
    var isStale: Bool { reloads.withLock { $0.staleReason != nil } }

    /// The service as it is at this moment.
    package func currentStatus() -> ServiceStatus {
        let topology = current
        let counts = counters.snapshot
        let history = reloads.withLock { $0 }
        var status = ServiceStatus(
            version: around.version, processID: getpid(), startedAt: startedAt, now: around.now(), phase: phase.withLock { $0 },
            configuration: topology.configuration.file, dataFolder: topology.configuration.dataFolder,
            generation: generation(topology, counts, history))
        status.ledger = ledger(counts)
        status.inputs = topology.inputs.compactMap { $0 }.map { input($0, counts) }
        status.lanes = lanes.map { lane($0) }
        status.outputs = topology.outputs.compactMap { $0 }.map { output($0) }
        status.deadLetters = deadLetters(topology.configuration)
        status.flags = counts.flagged.enumerated().filter { $0.element > 0 }.map {
            NamedCount("\(EventFlags.names[$0.offset])", $0.element)
        }
        status.lastReload = history.last
        status.reloads = history.outcomes
        status.errors = errors.withLock { $0.entries }
        status.logLines = around.logLines()
        return status
    }

    private func generation(_ topology: Topology, _ counts: ServiceCounts, _ history: ReloadHistory) -> GenerationStatus {
        var generation = GenerationStatus(number: topology.generation.number, loadedAt: topology.generation.loadedAt)
        generation.staleReason = history.staleReason
        generation.rules = topology.generation.rules.rules.map { rule in
            var status = RuleStatus(name: rule.name)
            status.lines = rule.text.count { $0 == 0x0A } + (rule.text.last == 0x0A ? 0 : 1)
            status.failures = counts.rules[rule.name]?.failures ?? 0
            status.dropped = counts.rules[rule.name]?.dropped ?? 0
            return status
        }
        return generation
    }

    private func ledger(_ counts: ServiceCounts) -> LedgerStatus {
        let from = counts.ledger
        var ledger = LedgerStatus()
        ledger.received = from.received
        ledger.emitted = from.emitted
        ledger.delivered = from.delivered
        ledger.dropped = from.dropped
        ledger.deduplicated = from.deduplicated
        ledger.throttled = from.throttled
        ledger.sampled = from.sampled
        ledger.unrouted = from.unrouted
        ledger.discarded = from.discarded
        ledger.deadLettered = from.deadLettered
        ledger.redriven = counts.redriven
        ledger.replayed = counts.inputs.values.reduce(0) { $0 + ($1.own[InputCounter.replayed.rawValue] ?? 0) }
        return ledger
    }

    private func input(_ input: Topology.RunningInput, _ counts: ServiceCounts) -> InputStatus {
        let condition = input.driver.state
        let state: InputStatus.State =
            switch condition.phase {
            case .waiting: .starting
            case .running: .running
            case .failing: .failing
            case .ended: .ended
            }
        let own = counts.inputs[input.configuration.name] ?? InputCounts()
        var status = InputStatus(
            name: input.configuration.name, kind: input.configuration.kind, state: state, since: condition.since)
        status.events = own.events
        for counter in InputCounter.allCases { status.counters[counter] = own.own[counter.rawValue] }
        let positions = input.driver.savedPositions.values.filter { !$0.isMark }.sorted { $0.key < $1.key }
        status.positionCount = positions.count
        status.positions = positions.prefix(InputStatus.positionsShownMax).map { PositionText.status($0) }
        status.unconfirmedBytes = dispatcher.unconfirmedBytes(source: input.driver.source)
        status.lastError = condition.lastError
        status.hosts = condition.hosts
        return status
    }

    private func lane(_ lane: Lane) -> LaneStatus {
        let figures = lane.figures
        let load = dispatcher.load(lane: lane.index)
        var status = LaneStatus(index: lane.index)
        status.events = figures.events
        status.batches = figures.batches
        status.inboxEvents = load.events
        status.inboxBytes = load.bytes
        status.memoryBytes = figures.memoryBytes
        status.rebuilds = figures.rebuilds
        status.timerFailures = figures.timerFailures
        status.longestPauseNanoseconds = figures.longestPause
        return status
    }

    private func output(_ output: Topology.RunningOutput) -> OutputStatus {
        let driver = output.driver
        let counters = driver.counters
        var status = OutputStatus(
            name: output.configuration.name, kind: output.configuration.kind,
            state: driver.hasEnded ? .ended : counters.failingSince != nil ? .failing : .running)
        status.failingSince = counters.failingSince
        status.offered = counters.offered.events
        status.restored = counters.restored.events
        status.delivered = counters.delivered.events
        status.discarded = counters.discardedNewest.events + counters.discardedOldest.events
        status.deadLettered = counters.deadLettered.events
        status.bytes = counters.delivered.bytes
        status.retries = counters.retries
        status.failures = counters.failures
        status.own = counters.own
        status.lastSuccess = counters.lastSuccess
        status.queue.events = counters.waiting.events
        status.queue.bytes = counters.waiting.bytes
        status.queue.bytesMax = driver.options.buffer.maxBytes
        if driver.options.buffer.kind == .disk {
            var disk = QueueStatus()
            disk.events = counters.stored.events
            disk.bytes = counters.stored.bytes
            disk.bytesMax = driver.options.buffer.maxBytes
            disk.oldest = counters.oldest
            status.diskBuffer = disk
        } else {
            status.queue.oldest = counters.oldest
        }
        status.lastError = counters.lastError
        return status
    }

    private func deadLetters(_ configuration: ServiceConfiguration) -> DeadLetterStatus {
        var status = DeadLetterStatus()
        status.bytesMax = configuration.deadLetters.bytesMax
        status.droppedOldest = checkpointer.lettersLost
        do throws(StoreError) {
            let totals = try store.letterTotals()
            status.count = totals.count
            status.bytes = totals.bytes
        } catch {
            errors.withLock { $0.add(ErrorStatus(time: around.now(), source: "", message: error.message)) }
        }
        status.isFull = checkpointer.areLettersFull
        return status
    }

    /// Every file whose change is a reason to reload: of what runs, and of the last attempt.
    var watchedFiles: [String] {
        let topology = current
        let tried = reloads.withLock { $0.triedFiles }
        let rules = topology.generation.rules
        let running = topology.configuration.files + topology.configuration.rules.map(\.path) + rules.files.requests.map(\.path)
        return Set(running + rules.rules.compactMap { RuleTestSuite.testPath(of: $0) }).union(tried).sorted()
    }

    /// Remembers which files an attempt has looked at: when it is refused, a change of one of them is worth another try.
    func noteTried(_ files: [String]) { reloads.withLock { $0.triedFiles = Set(files) } }

    /// Adds to the files of the last attempt.
    func addTried(_ files: [String]) { reloads.withLock { $0.triedFiles.formUnion(files) } }

    /// Notes how a reload ended.
    func noteReload(_ verdict: ReloadVerdict) { reloads.withLock { $0.note(verdict, at: around.now()) } }
}
