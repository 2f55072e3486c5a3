import SluiceComponent

extension ServiceStatus {
    /// The status as a person reads it, a line end behind each line.
    package func text(_ paint: TextPaint) -> String {
        let blocks = [
            head(paint), ledgerLines(paint), inputLines(paint), ruleLines(paint), laneLines(paint), outputLines(paint), tail(paint),
        ]
        return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    private func head(_ paint: TextPaint) -> [String] {
        let phaseText =
            switch phase {
            case .starting: paint("starting", .warning)
            case .running: paint("running", .good)
            case .stopping: paint("stopping", .warning)
            }
        var lines = [
            "\(paint("sluice \(version)", .heading)), pid \(processID), \(phaseText) for \(HumanText.duration(now - startedAt))",
            "configuration  \(HumanText.escaped(configuration))",
            "generation     \(generation.number), \(HumanText.plural(generation.rules.count, "rule")), since "
                + ReportTime.seconds(generation.loadedAt),
        ]
        if let reload = lastReload {
            let meaning: TextPaint.Meaning = reload.outcome == .refused || reload.outcome == .rolledBack ? .bad : .good
            let reason = reload.reason.map { ": \(HumanText.firstLine($0))" } ?? ""
            lines.append("last reload    \(paint(reload.outcome.words, meaning)) at \(ReportTime.seconds(reload.time))\(reason)")
        }
        switch readiness {
        case .ready: break
        case .notReady(let reason, let detail):
            let shown = detail.split(separator: "\n", omittingEmptySubsequences: false).map { HumanText.escaped(String($0)) }
            lines.append("not ready      \(paint(reason, .bad)): \(shown[0])")
            lines += shown.dropFirst().map { "               " + $0 }
        }
        return lines
    }

    private func ledgerLines(_ paint: TextPaint) -> [String] {
        var table = TextTable([.text("events"), .number("count")])
        let always: Set = ["received", "delivered", "dropped", "dead_lettered", "in_flight"]
        for entry in ledger.entries where entry.count != 0 || always.contains(entry.name) {
            let isLoss = ["discarded", "dead_lettered"].contains(entry.name) && entry.count > 0
            table.rows.append([
                TextTable.Cell(entry.name.replacing("_", with: " "), isLoss ? .bad : nil),
                TextTable.Cell(HumanText.count(entry.count), isLoss ? .bad : nil),
            ])
        }
        return table.lines(paint, indent: "")
    }

    private func inputLines(_ paint: TextPaint) -> [String] {
        guard !inputs.isEmpty else { return [] }
        var table = TextTable([.text("input"), .text("type"), .text("state"), .number("events"), .number("bytes"), .text("since")])
        for input in inputs {
            table.rows.append([
                TextTable.Cell(input.name), TextTable.Cell(input.kind), TextTable.Cell(input.state.rawValue, input.state.meaning),
                TextTable.Cell(HumanText.count(input.events)), TextTable.Cell(HumanText.bytes(input.counters[.bytesRead] ?? 0)),
                TextTable.Cell(ReportTime.seconds(input.since)),
            ])
        }
        return table.lines(paint, indent: "") + inputs.flatMap { $0.remarks(paint, now: now) }
    }

    private func ruleLines(_ paint: TextPaint) -> [String] {
        guard !generation.rules.isEmpty else { return [] }
        var table = TextTable([.text("rule"), .number("dropped"), .number("failures")])
        for rule in generation.rules {
            table.rows.append([
                TextTable.Cell(rule.name), TextTable.Cell(HumanText.count(rule.dropped)),
                TextTable.Cell(HumanText.count(rule.failures), rule.failures > 0 ? .bad : nil),
            ])
        }
        return table.lines(paint, indent: "")
    }

    private func laneLines(_ paint: TextPaint) -> [String] {
        guard !lanes.isEmpty else { return [] }
        var table = TextTable([
            .text("lane"), .number("events"), .number("inbox"), .number("memory"), .number("rebuilds"), .number("longest pause"),
        ])
        for lane in lanes {
            table.rows.append([
                TextTable.Cell(String(lane.index)), TextTable.Cell(HumanText.count(lane.events)),
                TextTable.Cell(HumanText.count(lane.inboxEvents)), TextTable.Cell(HumanText.bytes(lane.memoryBytes)),
                TextTable.Cell(HumanText.count(lane.rebuilds), lane.rebuilds > 0 ? .warning : nil),
                TextTable.Cell(HumanText.duration(lane.longestPauseNanoseconds)),
            ])
        }
        return table.lines(paint, indent: "")
    }

    private func outputLines(_ paint: TextPaint) -> [String] {
        guard !outputs.isEmpty else { return [] }
        var table = TextTable([
            .text("output"), .text("type"), .text("state"), .number("delivered"), .number("queued"), .number("on disk"),
            .number("discarded"), .number("dead lettered"), .number("retries"),
        ])
        for output in outputs {
            table.rows.append([
                TextTable.Cell(output.name), TextTable.Cell(output.kind), TextTable.Cell(output.state.rawValue, output.state.meaning),
                TextTable.Cell(HumanText.count(output.delivered)), TextTable.Cell(HumanText.count(output.queue.events)),
                TextTable.Cell(output.diskBuffer.map { HumanText.count($0.events) } ?? "-"),
                TextTable.Cell(HumanText.count(output.discarded), output.discarded > 0 ? .bad : nil),
                TextTable.Cell(HumanText.count(output.deadLettered), output.deadLettered > 0 ? .bad : nil),
                TextTable.Cell(HumanText.count(output.retries)),
            ])
        }
        return table.lines(paint, indent: "") + outputs.flatMap { $0.remarks(paint, now: now) }
    }

    private func tail(_ paint: TextPaint) -> [String] {
        var lines: [String] = []
        if deadLetters.count > 0 || deadLetters.isFull {
            let full = deadLetters.isFull ? ", " + paint("full", .bad) : ""
            lines.append(
                "dead letters: \(HumanText.count(deadLetters.count)), \(HumanText.bytes(deadLetters.bytes)) of "
                    + "\(HumanText.bytes(deadLetters.bytesMax))\(full)")
        }
        if !flags.isEmpty {
            lines.append("flags: " + flags.map { "\($0.name) \(HumanText.count($0.count))" }.joined(separator: ", "))
        }
        if !errors.isEmpty { lines.append(paint("last errors", .heading)) }
        for error in errors.reversed() {
            let times = error.count > 1 ? " (\(HumanText.count(error.count)) times)" : ""
            let source = error.source.isEmpty ? "" : "\(HumanText.escaped(error.source)): "
            lines.append("  \(ReportTime.seconds(error.time))  \(source)\(HumanText.escaped(error.message))\(times)")
        }
        return lines
    }
}

extension InputStatus {
    /// Lines below the table: where it stands, what it lost, what is wrong.
    func remarks(_ paint: TextPaint, now: Int64) -> [String] {
        var lines: [String] = []
        for host in hosts ?? [] where host.state != .ok {
            let error = host.lastError.map { ": \(HumanText.escaped($0))" } ?? ""
            let words = "\(host.state.rawValue) for \(HumanText.duration(now - host.since))\(host.state == .failing ? error : "")"
            let meaning: TextPaint.Meaning = host.state == .failing ? .bad : .warning
            lines.append("  \(HumanText.escaped(name)): \(HumanText.escaped(host.name)) \(paint(words, meaning))")
        }
        for position in positions.prefix(Self.positionsShownMax) {
            lines.append("  \(HumanText.escaped(name)): \(HumanText.escaped(position.name))\(position.words)")
        }
        let hidden = positionCount - min(positions.count, Self.positionsShownMax)
        if hidden > 0 { lines.append("  \(HumanText.escaped(name)): \(HumanText.plural(hidden, "more position"))") }
        let losses = InputCounter.allCases.filter { $0.declaration.isLoss && (counters[$0] ?? 0) > 0 }
        if !losses.isEmpty {
            let words = losses.map { "\($0.declaration.name.replacing("_", with: " ")) \(HumanText.count(counters[$0] ?? 0))" }
            lines.append("  \(HumanText.escaped(name)): " + paint(words.joined(separator: ", "), .warning))
        }
        if state == .failing, let error = lastError {
            lines.append("  \(HumanText.escaped(name)): " + paint(HumanText.escaped(error), .bad))
        }
        return lines
    }
}

extension PositionStatus {
    /// How far it is, behind the name.
    var words: String {
        switch (offset, size) {
        case (let offset?, let size?) where size > offset:
            " at \(HumanText.count(Int(offset))), \(HumanText.bytes(Int(size - offset))) behind"
        case (let offset?, _): " at \(HumanText.count(Int(offset)))"
        case (nil, _): cursor.map { " at \(HumanText.escaped($0))" } ?? ""
        }
    }
}

extension OutputStatus {
    /// Lines below the table: what waits on disk, what is worth a look and what is wrong.
    func remarks(_ paint: TextPaint, now: Int64) -> [String] {
        var lines: [String] = []
        if let buffer = diskBuffer, buffer.events > 0 {
            let bound = buffer.bytesMax.map { " of \(HumanText.bytes($0))" } ?? ""
            let age = buffer.oldest.map { ", the oldest \(HumanText.duration(now - $0)) old" } ?? ""
            lines.append("  \(HumanText.escaped(name)): \(HumanText.bytes(buffer.bytes))\(bound) on disk\(age)")
        }
        let notable = own.filter { $0.value > 0 && $0.declaration?.isNotable == true }
        if !notable.isEmpty {
            let words = notable.map { "\($0.name.replacing("_", with: " ")) \(HumanText.count($0.value))" }
            lines.append("  \(HumanText.escaped(name)): " + paint(words.joined(separator: ", "), .warning))
        }
        if state == .failing {
            let since = failingSince.map { " for \(HumanText.duration(now - $0))" } ?? ""
            let reason = lastError.map { ": \(HumanText.escaped($0))" } ?? ""
            lines.append("  \(HumanText.escaped(name)): " + paint("failing\(since)\(reason)", .bad))
        }
        return lines
    }
}

extension InputStatus.State {
    var meaning: TextPaint.Meaning? {
        switch self {
        case .running: .good
        case .starting, .waiting: .warning
        case .failing: .bad
        case .ended: .aside
        }
    }
}

extension OutputStatus.State {
    var meaning: TextPaint.Meaning? {
        switch self {
        case .running: .good
        case .failing: .bad
        case .ended: .aside
        }
    }
}

extension ReloadOutcome {
    /// For people.
    var words: String { rawValue.replacing("_", with: " ") }
}
