import CSluice
package import SluiceLua

/// A rule that could not be loaded, or one call of it that raised.
package struct RuleFailure: Error, Sendable, Equatable {
    /// What kind of failure.
    package enum Kind: String, Sendable {
        case syntax, runtime, memory, time, output, input
    }

    package let kind: Kind
    /// Index of the rule in its rule set.
    package let ruleIndex: Int
    /// Name of the rule.
    package let rule: String
    /// What Lua calls the file of the line: the rule's or a module's name.
    package let chunk: String
    /// From 1; 0 when unknown.
    package let line: Int
    /// What went wrong, without place.
    package let message: String
    /// Calls on the way there, innermost first.
    package let traceback: [String]
    /// The line with a caret, when its source is at hand.
    package let excerpt: SourceExcerpt?

    /// A failure.
    package init(
        kind: Kind, ruleIndex: Int, rule: String, chunk: String, line: Int, message: String, traceback: [String] = [],
        excerpt: SourceExcerpt? = nil
    ) {
        self.kind = kind
        self.ruleIndex = ruleIndex
        self.rule = rule
        self.chunk = chunk
        self.line = line
        self.message = message
        self.traceback = traceback
        self.excerpt = excerpt
    }

    /// `route.lua:12` or, without a line, the rule's name.
    package var place: String { line > 0 ? "\(chunk):\(line)" : rule }

    /// Place and message in one line.
    package var summary: String { "\(place): \(message)" }

    /// Place, message, source line and caret.
    package func rendered() -> String {
        guard let excerpt else { return summary }
        return summary + "\n" + excerpt.rendered()
    }
}

extension sl_text {
    /// The bytes as text; what is not UTF-8 is replaced.
    var string: String {
        guard let bytes, length > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
    }
}
