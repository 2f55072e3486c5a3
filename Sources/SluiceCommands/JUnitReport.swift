import SluiceRules

/// A report in the XML form of JUnit, which CI systems read.
enum JUnitReport {
    /// The whole file.
    static func text(_ report: TestReport) -> String {
        var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#]
        lines.append(
            "<testsuites name=\"sluice\" tests=\"\(report.count)\" failures=\"\(report.failed)\"\(time(report.nanoseconds, report))>")
        for file in report.files {
            let failed = file.results.count { $0.failure != nil }
            let total = file.results.reduce(0) { $0 + $1.nanoseconds }
            lines.append(
                "  <testsuite name=\"\(escaped(file.path))\" tests=\"\(file.results.count)\" failures=\"\(failed)\"\(time(total, report))>")
            for result in file.results { lines += self.lines(result, report) }
            lines.append("  </testsuite>")
        }
        return lines.joined(separator: "\n") + "\n</testsuites>\n"
    }

    private static func lines(_ result: RuleTestResult, _ report: TestReport) -> [String] {
        let name = escaped(result.name ?? "(loading)")
        let line = result.line > 0 ? " line=\"\(result.line)\"" : ""
        let head =
            "    <testcase classname=\"\(escaped(result.file))\" name=\"\(name)\" file=\"\(escaped(result.file))\"\(line)\(time(result.nanoseconds, report))"
        guard let failure = result.failure else { return [head + "/>"] }
        return [
            head + ">",
            "      <failure message=\"\(escaped(failure.message))\">\(escaped(failure.rendered(), keepsLines: true))</failure>",
            "    </testcase>",
        ]
    }

    private static func time(_ nanoseconds: Int64, _ report: TestReport) -> String {
        report.showsTimes ? " time=\"\(TestReport.seconds(nanoseconds, digits: 3))\"" : ""
    }

    /// Text for XML 1.0: markup is escaped, and what XML cannot hold at all is shown as `\x1b`.
    static func escaped(_ text: String, keepsLines: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t", "\r": if keepsLines { result.unicodeScalars.append(scalar) } else { result += "&#\(scalar.value);" }
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value & 0xFFFE == 0xFFFE:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
