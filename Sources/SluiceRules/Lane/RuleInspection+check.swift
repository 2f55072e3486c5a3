import SluiceConfig
package import SluiceLua

extension RuleInspection {
    /// Refuses a rule that names an unknown output as a literal, or asks for what the sandbox does not have. Without a list
    /// of outputs every name is known.
    package static func check(_ rule: RuleSource, index: Int, outputs: [String]?) throws(RuleFailure) {
        let inspection = RuleInspection(source: rule.text, function: rule.api.function)
        func failure(_ kind: RuleFailure.Kind, _ mention: Mention, _ message: String) -> RuleFailure {
            RuleFailure(
                kind: kind, ruleIndex: index, rule: rule.name, chunk: rule.name, line: mention.line, message: message,
                excerpt: rule.excerpt(line: mention.line, message: message, column: mention.column))
        }
        if let close = inspection.closeAttributes.first {
            throw failure(.syntax, close, "the attribute `<close>` is not available in rules")
        }
        guard rule.api == .sluice, let outputs else { return }
        for mention in inspection.outputs where !outputs.contains(mention.text) {
            throw failure(
                .output, mention, OptionValues.unknown(mention.text, in: outputs, what: "output", of: nil))
        }
    }
}
