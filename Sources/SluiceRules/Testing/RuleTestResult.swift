package import SluiceLua

/// What one test, or one golden case, came to.
package struct RuleTestResult: Sendable {
    /// File of the test, or folder of the case.
    package let file: String
    /// Name as the test gave it; nil when the file itself is at fault.
    package let name: String?
    /// Line of the test in its file, 0 when unknown.
    package let line: Int
    /// How long it took.
    package let nanoseconds: Int64
    /// Nil when it passed.
    package let failure: RuleTestFailure?
}

/// Why a test failed.
package struct RuleTestFailure: Sendable {
    /// Place of the expectation or error, as in `route_test.lua:12`.
    package let place: String
    /// From 1, 0 when unknown.
    package let line: Int
    /// What was expected and what came, in a sentence.
    package let message: String
    /// The line of the test with a caret.
    package let excerpt: SourceExcerpt?
    /// What was expected and what came as text, when whole values were compared.
    package let expected: String?
    package let got: String?
    /// What differs, as a unified diff of files.
    package let difference: String?
    /// What rules failed with during the test.
    package let ruleFailures: [RuleFailure]
    /// What rules and tests logged during the test.
    package let log: [LogRecord]

    /// A failure.
    package init(
        place: String, line: Int = 0, message: String, excerpt: SourceExcerpt? = nil, expected: String? = nil,
        got: String? = nil, difference: String? = nil, ruleFailures: [RuleFailure] = [], log: [LogRecord] = []
    ) {
        self.place = place
        self.line = line
        self.message = message
        self.excerpt = excerpt
        self.expected = expected
        self.got = got
        self.difference = difference
        self.ruleFailures = ruleFailures
        self.log = log
    }

    /// Place and message in one line.
    package var summary: String { "\(place): \(message)" }

    /// Everything that is known of it, over several lines.
    package func rendered() -> String {
        var lines = [summary]
        if let excerpt { lines.append(excerpt.rendered()) }
        if let comparison { lines.append(comparison) }
        for failure in ruleFailures { lines.append("rule: " + failure.rendered()) }
        for record in log {
            lines.append("log: \(record.level.name): \(record.rule): \(record.text)\(record.fields.isEmpty ? "" : " " + record.fields)")
        }
        return lines.joined(separator: "\n")
    }

    /// Expected and got beside each other: two lines, or a unified diff when there are more.
    package var comparison: String? {
        guard let expected, let got else { return difference }
        guard expected.contains("\n") || got.contains("\n") else { return "expected: \(expected)\n     got: \(got)" }
        let difference = TextDifference(
            expected.split(separator: "\n", omittingEmptySubsequences: false).map(String.init),
            got.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        return difference.rendered(old: "expected", new: "got")
    }
}
