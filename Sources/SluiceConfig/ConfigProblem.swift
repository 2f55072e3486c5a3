/// Something wrong with a configuration, and where.
package struct ConfigProblem: Sendable, Equatable {
    /// Whether the configuration can be taken all the same.
    package let isWarning: Bool
    package let code: ConfigError.Code
    /// A sentence for the user, lower-case and without full stop.
    package let message: String
    /// Nil when it is about no place in a file.
    package let place: ConfigPlace?
    /// The line of the file, secrets hidden, and the caret under it, from 1.
    package let excerpt: (line: String, caret: Int)?

    /// A problem whose excerpt is the place's line; `hiding` are the parts of that line that nobody may see.
    package init(
        _ code: ConfigError.Code, _ message: String, at place: ConfigPlace?, isWarning: Bool = false, hiding: [Range<Int>] = []
    ) {
        self.isWarning = isWarning
        self.code = code
        self.message = message
        self.place = place
        excerpt = place.flatMap { Self.excerpt($0, hiding) }
    }

    package static func == (left: ConfigProblem, right: ConfigProblem) -> Bool {
        left.isWarning == right.isWarning && left.code == right.code && left.message == right.message && left.place == right.place
    }

    /// Place and message in one line: `sluice.yaml:12:5: unknown option …`.
    package var summary: String {
        (place.map { $0.text + ": " } ?? "") + (isWarning ? "warning: " : "") + message
    }

    /// Place, message, source line and caret.
    package func rendered() -> String {
        guard let place, let excerpt else { return summary }
        let margin = String(repeating: " ", count: String(place.line).count)
        let indent = String(repeating: " ", count: excerpt.caret - 1)
        return "\(summary)\n \(place.line) | \(excerpt.line)\n \(margin) | \(indent)^"
    }

    /// Longest line that is shown; of longer ones the part around the caret.
    private static let lineCharactersMax = 160

    private static func excerpt(_ place: ConfigPlace, _ hidden: [Range<Int>]) -> (line: String, caret: Int)? {
        guard place.line <= place.source.lines.count else { return nil }
        let all = Array(place.source.lines[place.line - 1].unicodeScalars)
        var shown = String.UnicodeScalarView()
        var caret = 1
        let first = max(0, min(place.column - lineCharactersMax / 2, all.count - lineCharactersMax))
        let last = min(all.count, first + lineCharactersMax)
        if first > 0 { shown.append("…") }
        for index in first..<last {
            let range = hidden.first { $0.contains(index + 1) }
            if index + 1 == place.column { caret = shown.count + 1 }
            if let range {
                if index + 1 == max(range.lowerBound, first + 1) { shown.append(contentsOf: "•••".unicodeScalars) }
                if index + 1 == place.column { caret = max(1, shown.count - 2) }
                continue
            }
            let scalar = all[index]
            shown.append(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : scalar)
        }
        if place.column > last { caret = shown.count + 1 }
        if last < all.count { shown.append("…") }
        return (String(shown), caret)
    }
}

/// A configuration that was refused: every problem that was found, in the order of the file.
package struct ConfigProblems: Error, Sendable, Equatable {
    /// At least one that is no warning; warnings as well.
    package let problems: [ConfigProblem]
    /// Files that were read until then: when one of them changes it is worth another try.
    package let files: [String]

    /// Problems, which are put in order.
    package init(_ problems: [ConfigProblem], files: [String]) {
        self.problems = Self.ordered(problems)
        self.files = files
    }

    /// The problems in the order of their places, those without one first.
    package static func ordered(_ problems: [ConfigProblem]) -> [ConfigProblem] {
        problems.enumerated().sorted { left, right in
            let a = left.element.place
            let b = right.element.place
            let first = (a?.line ?? 0, a?.column ?? 0, left.offset)
            return first < (b?.line ?? 0, b?.column ?? 0, right.offset)
        }.map(\.element)
    }

    /// Every problem with its source line.
    package func rendered() -> String { problems.map { $0.rendered() }.joined(separator: "\n") }
}
