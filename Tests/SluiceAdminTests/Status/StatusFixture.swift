import SluiceComponent

@testable import SluiceAdmin

/// Statuses with fixed values.
enum StatusFixture {
    /// 2026-11-21T14:00:00Z.
    static let start: Int64 = 1_795_269_600_000_000_000
    static let minute: Int64 = 60_000_000_000

    /// A service that has just begun.
    static var quiet: ServiceStatus {
        ServiceStatus(
            version: "0.1.0", processID: 4711, startedAt: start, now: start + 420_000_000, phase: .starting, configuration: "sluice.yaml",
            dataFolder: "data", generation: GenerationStatus(number: 1, loadedAt: start))
    }

    /// A service with something in every place, names that have to be escaped among it.
    static var busy: ServiceStatus {
        var status = quiet
        status.phase = .running
        status.now = start + 133 * minute + 7_250_000_000
        status.configuration = "/etc/sluice/sluice.yaml"
        status.dataFolder = "/var/lib/sluice"
        status.generation = GenerationStatus(number: 7, loadedAt: start + 90 * minute)
        status.generation.staleReason = "route.lua:3: 'then' expected near '='"
        status.generation.rules = [RuleStatus(name: "normalize.lua"), RuleStatus(name: "nginx \"eu\".lua")]
        status.generation.rules[0].lines = 12
        status.generation.rules[1].failures = 3
        status.generation.rules[1].dropped = 45_678
        status.ledger.received = 1_234_567
        status.ledger.emitted = 10
        status.ledger.delivered = 1_188_000
        status.ledger.dropped = 45_678
        status.ledger.deadLettered = 3
        status.ledger.redriven = 2
        status.inputs = inputs
        status.lanes = [LaneStatus(index: 0)]
        status.lanes[0].events = 1_234_577
        status.lanes[0].batches = 5_000
        status.lanes[0].inboxEvents = 896
        status.lanes[0].inboxBytes = 200_000
        status.lanes[0].memoryBytes = 3_500_000
        status.lanes[0].rebuilds = 1
        status.lanes[0].longestPauseNanoseconds = 3_400_000
        status.outputs = outputs(now: status.now)
        status.deadLetters.count = 3
        status.deadLetters.bytes = 2_048
        status.deadLetters.bytesMax = 1 << 30
        status.deadLetters.oldest = start + minute
        status.flags = [NamedCount("no_pri", 12), NamedCount("year_guessed", 1_200_000)]
        status.lastReload = ReloadStatus(
            time: start + 120 * minute, outcome: .refused, generation: 7, reason: "route.lua:3: 'then' expected near '='")
        status.reloads = [.applied: 6, .refused: 1]
        status.errors = [
            ErrorStatus(time: start + 50 * minute, source: "", message: "`sluice.yaml` cannot be watched"),
            ErrorStatus(time: status.now, source: "analytics", message: "connect\u{1B}[31m refused", count: 120),
        ]
        status.logLines = [NamedCount("error", 120), NamedCount("warning", 1), NamedCount("info", 30)]
        return status
    }

    private static var inputs: [InputStatus] {
        var nginx = InputStatus(name: "nginx", kind: "file", state: .running, since: start)
        nginx.events = 1_000_000
        nginx.counters = [.bytesRead: 250_000_000, .opened: 2, .oversizeFrames: 4, .bytesLost: 96]
        nginx.positionCount = 3
        nginx.positions = [
            PositionStatus(name: "/var/log/nginx/access.log", offset: 1_048_576, size: 2_097_152),
            PositionStatus(name: "/var/log/nginx/access.log.1", offset: 4_096, size: 4_096),
        ]
        nginx.unconfirmedBytes = 65_536
        var journal = InputStatus(name: "journal", kind: "journald", state: .failing, since: start + 10 * minute)
        journal.counters = [.failures: 9]
        journal.positionCount = 1
        journal.positions = [PositionStatus(name: "cursor", cursor: "s=0a;i=1f")]
        journal.lastError = "cannot open `/var/log/journal`: Permission denied"
        var pull = InputStatus(name: "pull", kind: "fetch", state: .running, since: start)
        pull.hosts = hosts
        return [nginx, journal, pull]
    }

    private static var hosts: [HostStatus] {
        var complete = HostStatus(name: "tcp://10.1.2.3:19", state: .ok, since: start)
        complete.bytesBehind = 0
        complete.isComplete = true
        complete.lastError = "cannot connect to tcp://10.1.2.3:19: connection refused"
        var behind = HostStatus(name: "tls://[2001:db8::7]:19", state: .ok, since: start + 5 * minute)
        behind.bytesBehind = 1_048_576
        var gone = HostStatus(name: "tcp://10.1.2.4:19", state: .failing, since: start + 30 * minute)
        gone.completeTo = start + 30 * minute
        gone.lastError = "cannot connect to tcp://10.1.2.4:19: no route\u{1B}[31m to host"
        return [complete, behind, gone, HostStatus(name: "tcp://10.1.2.5:19", since: start + 60 * minute)]
    }

    private static func outputs(now: Int64) -> [OutputStatus] {
        var main = OutputStatus(name: "main", kind: "file")
        main.offered = 1_188_000
        main.delivered = 1_188_000
        main.bytes = 300_000_000
        main.lastSuccess = now
        var analytics = OutputStatus(name: "analytics", kind: "syslog", state: .failing)
        analytics.failingSince = now - 12 * minute
        analytics.offered = 5_000
        analytics.restored = 4
        analytics.delivered = 1_000
        analytics.discarded = 17
        analytics.deadLettered = 1
        analytics.retries = 44
        analytics.failures = 45
        analytics.queue.events = 128
        analytics.queue.bytes = 32_000
        analytics.queue.bytesMax = 16 << 20
        var buffer = QueueStatus()
        buffer.events = 3_854
        buffer.bytes = 1_200_000
        buffer.bytesMax = 2 << 30
        buffer.oldest = now - 12 * minute
        analytics.diskBuffer = buffer
        analytics.own = [
            OutputCounter("connections_open", 0, isTotal: false), OutputCounter("connects", 3), OutputCounter("connections_broken", 2),
            OutputCounter("resent_records", 1_204), OutputCounter("records_altered", 0),
        ]
        analytics.lastError = "connection refused"
        return [main, analytics]
    }
}
