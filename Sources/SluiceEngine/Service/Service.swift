package import Logging
package import SluiceAdmin
package import SluiceComponent
import SluiceEvent
import SluiceInputs
package import SluiceRules
import SluiceStore
import Synchronization

/// The service: inputs → lanes → outputs, from a checked configuration until it is stopped.
///
/// It owns the threads and the order in which they start and end. Start: outputs, lanes, checkpoints, inputs. Stop: inputs (what
/// was read goes on), lanes (rules' `shutdown`), outputs (what waits is written), the last checkpoint. Changes while it runs come
/// from one thread, the reloader's (`Service+adoption.swift`).
package final class Service: Sendable {
    /// What the service is given by the program.
    package struct Surroundings: Sendable {
        package var version: String
        package var log: Logger
        /// Nanoseconds since 1970 UTC.
        package var now: @Sendable () -> Int64
        /// Takes lines that rules write with `log` and `print`.
        package var ruleLog: @Sendable (LogRecord) -> Void
        /// Lines of the log by level, for metrics.
        package var logLines: @Sendable () -> [NamedCount]
        /// The log for the input that makes events of it.
        package var ownLog: LogFeed?

        /// Surroundings of a service.
        package init(
            version: String, log: Logger, now: @escaping @Sendable () -> Int64 = { SystemClock.nanoseconds },
            ruleLog: @escaping @Sendable (LogRecord) -> Void, logLines: @escaping @Sendable () -> [NamedCount] = { [] },
            ownLog: LogFeed? = nil
        ) {
            self.version = version
            self.log = log
            self.now = now
            self.ruleLog = ruleLog
            self.logLines = logLines
            self.ownLog = ownLog
        }
    }

    /// Set when the service has nothing left to do: every input has ended, or standard output was closed.
    package let finished = StopFlag()

    let around: Surroundings
    let store: Store
    let dispatcher: Dispatcher
    let counters = ServiceCounters()
    let recent: RecentEvents
    let desk: DeadLetterDesk
    let book = CheckpointBook()
    let checkpointer: Checkpointer
    let lanes: [Lane]
    let topology: Mutex<Topology>
    let errors = Mutex(ErrorHistory())
    let phase = Mutex(ServiceStatus.Phase.starting)
    let reloads = Mutex(ReloadHistory())
    let startedAt: Int64
    /// Set when an ordered stop has taken too long: nobody waits for anything any more.
    let abandon = StopFlag()
    let departures = OutputDepartures()
    private let buffers: DiskBuffers
    private let partition: Partition
    private let failureLog: FailureLog

    /// Opens the store and makes everything that will run; nothing runs yet.
    package init(_ start: ServiceStart, around: Surroundings) throws(ServiceError) {
        let configuration = start.configuration
        self.around = around
        store = start.store
        startedAt = around.now()
        failureLog = FailureLog(log: around.log)
        let dispatcher = Dispatcher(lanes: configuration.workers)
        self.dispatcher = dispatcher
        desk = DeadLetterDesk { dispatcher.stir() }
        var limits = RecentEvents.Limits()
        limits.eventsMax = configuration.reload.shadowEvents
        limits.bytesMax = configuration.reload.shadowBytes
        recent = RecentEvents(limits: limits)
        partition = Partition(lanes: configuration.workers, field: configuration.partitionBy.flatMap { FieldKey(text: $0) })
        checkpointer = Checkpointer(
            store: store, dispatcher: dispatcher, book: book, desk: desk, lanes: configuration.workers,
            interval: configuration.checkpointInterval, log: around.log)

        var topology = Topology(configuration: configuration, generation: start.generation)
        topology.inputNames = configuration.inputs.map(\.name)
        buffers = DiskBuffers(dataFolder: configuration.dataFolder)
        let parts = OutputParts(around: around, desk: desk, buffers: buffers, finished: finished)
        for (bit, output) in configuration.outputs.enumerated() {
            let driver = try parts.makeDriver(output, bit: bit)
            topology.outputs[bit] = topology.runningOutput(output, driver)
        }
        let laneAround = Lane.Surroundings(
            dispatcher: dispatcher, counters: counters, recent: recent, desk: desk, checkpoints: book, now: around.now,
            abandon: abandon, ownLog: around.ownLog)
        let failureLog = failureLog
        lanes = start.lanes.enumerated().map { index, rules in
            Lane(
                index: index, rules: rules, generation: start.generation.number, outputs: topology.laneOutputs(),
                around: laneAround, report: { failureLog.report($0, ofEvent: $1) })
        }
        for (number, input) in configuration.inputs.enumerated() {
            let driver = try Self.makeInput(
                input, number: number, store: store, partition: partition, lane: laneAround, around: around)
            topology.inputs.append(Topology.RunningInput(configuration: input, driver: driver))
        }
        checkpointer.setInputs(topology)
        self.topology = Mutex(topology)
        reloads.withLock { $0.staleReason = start.staleReason }
        for input in topology.inputs { input?.driver.whenEnded { [weak self] in self?.inputEnded() } }
    }

    static func makeInput(
        _ configuration: InputConfiguration, number: Int, store: Store, partition: Partition, lane: Lane.Surroundings,
        around: Surroundings
    ) throws(ServiceError) -> InputDriver {
        do throws(StoreError) {
            return InputDriver(
                name: configuration.name, source: number, input: configuration.plan.makeInput(),
                positions: try store.positions(input: configuration.name), isRecovering: !store.wasClosedCleanly,
                partition: partition, around: lane, log: around.log)
        } catch {
            throw ServiceError(.cannotCreate, error.message)
        }
    }

    /// Makes a driver for an input that a new configuration brings.
    func makeInput(_ configuration: InputConfiguration, number: Int) throws(ServiceError) -> InputDriver {
        let lane = Lane.Surroundings(
            dispatcher: dispatcher, counters: counters, recent: recent, desk: desk, checkpoints: book, now: around.now,
            abandon: abandon, ownLog: around.ownLog)
        let driver = try Self.makeInput(
            configuration, number: number, store: store, partition: partition, lane: lane, around: around)
        driver.whenEnded { [weak self] in self?.inputEnded() }
        return driver
    }

    /// Makes a driver for an output that a new configuration brings.
    func makeDriver(_ configuration: OutputConfiguration, bit: Int) throws(ServiceError) -> OutputDriver {
        try OutputParts(around: around, desk: desk, buffers: buffers, finished: finished).makeDriver(configuration, bit: bit)
    }

    // MARK: - Start and stop

    /// Starts every thread.
    package func start() {
        let topology = topology.withLock { $0 }
        for output in topology.outputs { output?.driver.start() }
        for lane in lanes { lane.start() }
        checkpointer.start()
        for input in topology.inputs { input?.driver.start() }
        phase.withLock { $0 = .running }
        if topology.inputs.isEmpty { finished.set() }
    }

    private func inputEnded() {
        let hasEnded = topology.withLock { topology in
            topology.inputs.allSatisfy { $0.map { $0.driver.state.phase == .ended } ?? true }
        }
        if hasEnded { finished.set() }
    }

    /// Closes and opens the files of outputs, as after a rotation.
    package func reopen() {
        let outputs = topology.withLock { $0.outputs }
        for output in outputs { output?.driver.reopen() }
    }

    /// Ends everything in order within the configured time; answers whether everything that was read was answered.
    @discardableResult package func stop() -> Bool {
        let hasStarted = phase.withLock { phase in
            defer { phase = .stopping }
            return phase != .starting
        }
        var topology = topology.withLock { $0 }
        let deadline = MonotonicClock.now + topology.configuration.shutdownTimeout
        for input in topology.inputs { input?.driver.requestStop() }
        for input in topology.inputs { input?.driver.join() }
        for lane in lanes { dispatcher.put(.end, lane: lane.index) }
        if hasStarted, !book.waitForEnd(lanes: lanes.count, until: deadline) {
            around.log.warning(
                "outputs did not take everything within `shutdown_timeout`; what is left is read again at the next start, or lost where its input cannot read again (sockets, pipes)"
            )
            abandon.set()
            desk.wake()
            for output in topology.outputs { output?.driver.stop() }
        }
        for lane in lanes { lane.join() }
        // What left the configuration ends first; it may have a successor that waits for that.
        departures.wait(until: deadline)
        topology = self.topology.withLock { $0 }
        for output in topology.outputs { output?.driver.finish() }
        var isComplete = !abandon.isSet
        for output in topology.outputs {
            if let output, !output.driver.join(by: deadline) {
                isComplete = false
                around.log.warning("output `\(output.configuration.name)` did not write everything within `shutdown_timeout`")
            }
        }
        checkpointer.finish()
        checkpointer.writeLast()
        do throws(StoreError) {
            if isComplete { try store.close() } else { try store.abandon() }
        } catch {
            around.log.error("\(error.message)")
        }
        return isComplete
    }
}
