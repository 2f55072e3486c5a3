/// What the running service is doing: everything that `status`, `/metrics` and `/readyz` tell comes from one of these.
///
/// All counts are since the process started. Times are nanoseconds since 1970 UTC.
package struct ServiceStatus: Sendable, Equatable {
    /// What the service as a whole is doing.
    package enum Phase: String, Sendable, CaseIterable {
        case starting, running, stopping
    }

    /// Version of Sluice.
    package let version: String
    package let processID: Int32
    package let startedAt: Int64
    /// When this was taken.
    package var now: Int64
    package var phase: Phase
    /// Path of the configuration file.
    package var configuration: String
    /// Path of `data_dir`.
    package var dataFolder: String
    package var generation: GenerationStatus
    package var ledger = LedgerStatus()
    package var inputs: [InputStatus] = []
    package var lanes: [LaneStatus] = []
    package var outputs: [OutputStatus] = []
    package var deadLetters = DeadLetterStatus()
    /// Events by the flags that decoders set; flags that no event had may be left out.
    package var flags: [NamedCount] = []
    package var lastReload: ReloadStatus?
    /// Reloads by how they ended; what is not in here is 0.
    package var reloads: [ReloadOutcome: Int] = [:]
    /// The newest last.
    package var errors: [ErrorStatus] = []
    /// Lines of the log by level, also those that were summarised.
    package var logLines: [NamedCount] = []

    /// The status of a service without inputs, rules and outputs.
    package init(
        version: String, processID: Int32, startedAt: Int64, now: Int64, phase: Phase, configuration: String, dataFolder: String,
        generation: GenerationStatus
    ) {
        self.version = version
        self.processID = processID
        self.startedAt = startedAt
        self.now = now
        self.phase = phase
        self.configuration = configuration
        self.dataFolder = dataFolder
        self.generation = generation
    }
}
