import SluiceComponent
import SluiceConfig

extension ServiceStatus {
    /// The whole status as one JSON object, without line end. Names and units are part of the contract with users: keys in
    /// snake case, times RFC 3339 in UTC, lengths of time in seconds, sizes in bytes.
    package var json: String {
        JSONText.object([
            ("version", JSONText.literal(version)),
            ("pid", String(processID)),
            ("phase", JSONText.literal(phase.rawValue)),
            ("ready", readiness == .ready ? "true" : "false"),
            ("started", ReportTime.json(startedAt)),
            ("uptime_seconds", ReportTime.decimal(now - startedAt)),
            ("configuration", JSONText.literal(configuration)),
            ("data_dir", JSONText.literal(dataFolder)),
            ("generation", generation.json),
            ("last_reload", lastReload?.json ?? "null"),
            ("reloads", JSONText.object(ReloadOutcome.counted.map { ($0.rawValue, String(reloads[$0] ?? 0)) })),
            ("ledger", JSONText.object(ledger.entries.map { ($0.name, String($0.count)) })),
            ("inputs", JSONText.array(inputs.map { $0.json(now: now) })),
            ("lanes", JSONText.array(lanes.map(\.json))),
            ("outputs", JSONText.array(outputs.map { $0.json(now: now) })),
            ("dead_letters", deadLetters.json),
            ("flags", JSONText.object(flags.map { ($0.name, String($0.count)) })),
            ("log_lines", JSONText.object(logLines.map { ($0.name, String($0.count)) })),
            ("errors", JSONText.array(errors.map(\.json))),
        ])
    }
}

extension ReloadOutcome {
    /// The ends of reloads that change something or fail to: what is counted.
    static let counted: [ReloadOutcome] = [.applied, .unchanged, .refused, .rolledBack]
}

extension GenerationStatus {
    var json: String {
        JSONText.object([
            ("number", String(number)), ("loaded", ReportTime.json(loadedAt)), ("stale_rules", JSONText.literal(staleReason)),
            ("rules", JSONText.array(rules.map(\.json))),
        ])
    }
}

extension RuleStatus {
    var json: String {
        JSONText.object([
            ("name", JSONText.literal(name)), ("lines", JSONText.number(lines)), ("failures", String(failures)),
            ("dropped", String(dropped)),
        ])
    }
}

extension ReloadStatus {
    var json: String {
        JSONText.object([
            ("time", ReportTime.json(time)), ("verdict", JSONText.literal(outcome.rawValue)), ("generation", String(generation)),
            ("reason", JSONText.literal(reason)),
        ])
    }
}

extension InputStatus {
    func json(now: Int64) -> String {
        var members: [(String, String)] = [
            ("name", JSONText.literal(name)), ("type", JSONText.literal(kind)), ("state", JSONText.literal(state.rawValue)),
            ("since", ReportTime.json(since)), ("events", String(events)),
        ]
        members += InputCounter.allCases.filter(reports).map { ($0.declaration.name, String(counters[$0] ?? 0)) }
        members += [
            ("unconfirmed_bytes", String(unconfirmedBytes)), ("position_count", String(positionCount)),
            ("positions", JSONText.array(positions.prefix(Self.positionsShownMax).map(\.json))),
            ("last_error", JSONText.literal(lastError)),
        ]
        if let hosts { members.append(("hosts", JSONText.array(hosts.map { $0.json(now: now) }))) }
        return JSONText.object(members)
    }
}

extension HostStatus {
    func json(now: Int64) -> String {
        JSONText.object([
            ("name", JSONText.literal(name)), ("state", JSONText.literal(state.rawValue)), ("since", ReportTime.json(since)),
            ("bytes_behind", JSONText.number(bytesBehind)), ("complete_to", ReportTime.json(isComplete ? now : completeTo)),
            ("last_error", JSONText.literal(lastError)),
        ])
    }
}

extension PositionStatus {
    var json: String {
        JSONText.object([
            ("name", JSONText.literal(name)), ("offset", JSONText.number(offset)), ("size", JSONText.number(size)),
            ("cursor", JSONText.literal(cursor)),
        ])
    }
}

extension LaneStatus {
    var json: String {
        JSONText.object([
            ("index", String(index)), ("events", String(events)), ("batches", String(batches)), ("inbox_events", String(inboxEvents)),
            ("inbox_bytes", String(inboxBytes)), ("memory_bytes", String(memoryBytes)), ("rebuilds", String(rebuilds)),
            ("timer_failures", String(timerFailures)), ("longest_pause_seconds", ReportTime.decimal(longestPauseNanoseconds)),
        ])
    }
}

extension OutputStatus {
    func json(now: Int64) -> String {
        var members = [
            ("name", JSONText.literal(name)), ("type", JSONText.literal(kind)), ("state", JSONText.literal(state.rawValue)),
            ("failing_since", ReportTime.json(failingSince)), ("last_success", ReportTime.json(lastSuccess)),
            ("offered", String(offered)), ("restored", String(restored)), ("delivered", String(delivered)),
            ("discarded", String(discarded)), ("dead_lettered", String(deadLettered)), ("bytes", String(bytes)),
            ("retries", String(retries)), ("failures", String(failures)), ("queue", queue.json(now: now)),
            ("disk_buffer", diskBuffer?.json(now: now) ?? "null"),
        ]
        members += own.map { ($0.name, String($0.value)) }
        members.append(("last_error", JSONText.literal(lastError)))
        return JSONText.object(members)
    }
}

extension QueueStatus {
    func json(now: Int64) -> String {
        JSONText.object([
            ("events", String(events)), ("bytes", String(bytes)), ("max_bytes", JSONText.number(bytesMax)),
            ("oldest_seconds", oldest.map { ReportTime.decimal(now - $0) } ?? "null"),
        ])
    }
}

extension DeadLetterStatus {
    var json: String {
        JSONText.object([
            ("count", String(count)), ("bytes", String(bytes)), ("max_bytes", String(bytesMax)), ("full", isFull ? "true" : "false"),
            ("dropped_oldest", String(droppedOldest)), ("oldest", ReportTime.json(oldest)),
        ])
    }
}

extension ErrorStatus {
    var json: String {
        JSONText.object([
            ("time", ReportTime.json(time)), ("source", JSONText.literal(source)), ("message", JSONText.literal(message)),
            ("count", String(count)),
        ])
    }
}
