import SluiceComponent
import SluiceConfig
import SluiceEngine
import SluiceEvent

/// The ledger of a filter run as `--stats` prints it, to standard error.
struct FilterStatistics {
    private let pipeline: FilterPipeline
    private let outputs: [OutputStage]
    private let rules: [String]

    init(_ pipeline: FilterPipeline, _ outputs: [OutputStage], _ rules: [String]) {
        self.pipeline = pipeline
        self.outputs = outputs
        self.rules = rules
    }

    func print(_ form: ReportFormat) {
        switch form {
        case .text: for line in lines { Terminal.say(line) }
        case .json: Terminal.write(json + "\n", to: 2)
        }
    }

    private var flags: [(name: String, count: Int)] {
        EventFlags.names.indices.compactMap { bit in
            pipeline.flagged[bit] > 0 ? ("\(EventFlags.names[bit])", pipeline.flagged[bit]) : nil
        }
    }

    private var framing: [(name: String, count: Int)] {
        let counts = pipeline.framing
        return [
            ("frames", counts.frames), ("oversize", counts.oversize), ("bytes_lost", counts.bytesLost), ("errors", counts.errors),
            ("incomplete", counts.incomplete),
        ]
    }

    private func encoding(_ output: OutputStage) -> [(name: String, count: Int)] {
        let counts = output.counts
        return [
            ("invalid_bytes_replaced", counts.invalidBytesReplaced), ("fields_left_out", counts.fieldsLeftOut),
            ("values_altered", counts.valuesAltered),
        ]
    }

    private var lines: [String] {
        let ledger = pipeline.ledger
        var lines = [words(ledger.entries.filter { $0.count > 0 || ["received", "delivered", "dropped"].contains($0.name) })]
        for (index, rule) in rules.enumerated() where pipeline.droppedByRule[index] > 0 {
            lines.append("rule \(rule): dropped \(pipeline.droppedByRule[index])")
        }
        for output in outputs where output.events > 0 {
            let changed = encoding(output).filter { $0.count > 0 }
            lines.append(
                "output \(output.name): events \(output.events), bytes \(output.bytesWritten)"
                    + (changed.isEmpty ? "" : ", " + words(changed)))
        }
        if !flags.isEmpty { lines.append("flags: " + words(flags)) }
        let faults = framing.dropFirst().filter { $0.count > 0 }
        if !faults.isEmpty { lines.append("framing: " + words(Array(faults))) }
        if pipeline.rebuilds > 0 { lines.append("lua state made anew: \(pipeline.rebuilds)") }
        return lines
    }

    private func words(_ entries: [(name: String, count: Int)]) -> String {
        entries.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    }

    private func object(_ entries: [(name: String, count: Int)]) -> String {
        JSONText.object(entries.map { ($0.name, String($0.count)) })
    }

    private var json: String {
        let byRule = rules.indices.map { (name: rules[$0], count: pipeline.droppedByRule[$0]) }
        let byOutput = outputs.map { output in
            (output.name, object([("events", output.events), ("bytes", output.bytesWritten)] + encoding(output)))
        }
        return JSONText.object([
            ("ledger", object(pipeline.ledger.entries)), ("dropped_by_rule", object(byRule)),
            ("outputs", JSONText.object(byOutput)), ("flags", object(flags)), ("framing", object(framing)),
            ("failures", String(pipeline.failures)), ("rebuilds", String(pipeline.rebuilds)),
        ])
    }
}
