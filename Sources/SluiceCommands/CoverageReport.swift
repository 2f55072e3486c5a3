import SluiceConfig
import SluiceRules

/// Which lines of rules ran, as a table, as JSON and in the form of lcov.
enum CoverageReport {
    /// A line a file: percentage, lines, path, and the lines that no test reached.
    static func table(_ files: [RuleCoverage.File]) -> String {
        guard !files.isEmpty else { return "coverage: no rule ran" }
        let rows = files.map { file in
            (percent(file), "\(file.hit)/\(file.lines.count)", file.path, file.missed.map(text).joined(separator: ", "))
        }
        let width = rows.map(\.1.count).max() ?? 0
        let column = rows.map(\.2.count).max() ?? 0
        return rows.map { percent, lines, path, missed in
            var line = pad(percent, 6, left: true) + " %  " + pad(lines, width, left: true) + "  "
            line += missed.isEmpty ? path : pad(path, column, left: false) + "  missed: " + missed
            return line
        }.joined(separator: "\n")
    }

    /// A list of objects.
    static func json(_ files: [RuleCoverage.File]) -> String {
        let objects = files.map { file in
            JSONText.object([
                ("file", JSONText.literal(file.path)), ("lines", "\(file.lines.count)"), ("hit", "\(file.hit)"),
                ("missed", "[" + file.lines.filter { $0.count == 0 }.map { "\($0.line)" }.joined(separator: ",") + "]"),
            ])
        }
        return "[" + objects.joined(separator: ",") + "]"
    }

    /// The tracefile that `genhtml` and editors read.
    static func lcov(_ files: [RuleCoverage.File]) -> String {
        files.map { file in
            let lines = file.lines.map { "DA:\($0.line),\($0.count)\n" }.joined()
            return "TN:\nSF:\(file.path)\n\(lines)LF:\(file.lines.count)\nLH:\(file.hit)\nend_of_record\n"
        }.joined()
    }

    private static func percent(_ file: RuleCoverage.File) -> String {
        // A file that has no line to run is covered.
        let tenths = file.lines.isEmpty ? 1_000 : file.hit * 1_000 / file.lines.count
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func text(_ range: ClosedRange<Int>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }

    private static func pad(_ text: String, _ width: Int, left: Bool) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return left ? blanks + text : text + blanks
    }
}
