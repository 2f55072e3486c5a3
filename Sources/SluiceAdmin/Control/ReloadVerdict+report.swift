import SluiceConfig

extension ReloadVerdict {
    /// The verdict as one JSON object, without line end.
    package var json: String {
        JSONText.object([
            ("verdict", JSONText.literal(outcome.rawValue)), ("generation", String(generation)),
            ("duration_seconds", ReportTime.decimal(durationNanoseconds)),
            ("problems", JSONText.array(problems.map(\.json))), ("notes", JSONText.array(notes.map { JSONText.literal($0) })),
        ])
    }

    /// The verdict as a person reads it, a line end behind each line.
    package func text(_ paint: TextPaint) -> String {
        var lines: [String] = []
        for problem in problems {
            lines.append(paint(HumanText.escaped((problem.place.map { "\($0): " } ?? "") + problem.message), .bad))
            lines += problem.excerpt.map { HumanText.escaped($0) }
        }
        lines += notes.map { HumanText.escaped($0) }
        lines.append(sentence(paint))
        return lines.joined(separator: "\n") + "\n"
    }

    private func sentence(_ paint: TextPaint) -> String {
        switch outcome {
        case .applied: "\(paint("applied", .good)): generation \(generation) runs, after \(HumanText.duration(durationNanoseconds))"
        case .wouldApply: "\(paint("would apply", .good)): nothing was changed, generation \(generation) goes on"
        case .unchanged: "\(paint("unchanged", .good)): what is on disk is generation \(generation)"
        case .refused:
            "\(paint("refused", .bad)): \(HumanText.plural(problems.count, "problem")); generation \(generation) goes on"
        case .rolledBack: "\(paint("rolled back", .bad)): generation \(generation) runs again"
        }
    }
}

extension ReloadVerdict.Problem {
    var json: String {
        JSONText.object([
            ("step", JSONText.literal(step.rawValue)), ("place", JSONText.literal(place)), ("message", JSONText.literal(message)),
            ("excerpt", JSONText.array(excerpt.map { JSONText.literal($0) })),
        ])
    }
}

extension DeadLetterReport {
    /// The report as one JSON object, without line end; `verb` is `redriven` or `purged`.
    package func json(verb: String) -> String {
        JSONText.object([(verb, String(count)), ("unknown", JSONText.array(unknown.map { String($0) }))])
    }

    /// The report as a person reads it, a line end behind each line; `verb` is `redriven` or `purged`.
    package func text(verb: String) -> String {
        var lines = unknown.map { "no dead letter has the id \($0)" }
        lines.append("\(HumanText.plural(count, "dead letter")) \(verb)")
        return lines.joined(separator: "\n") + "\n"
    }
}
