import SluiceConfig

/// Which inputs a rule sees, as the set of bits that the lane's loop looks at.
struct InputNumbers {
    /// Bit n of word n / 64: input n.
    let words: [UInt64]

    /// The numbers of `names` in the list of all inputs; refuses a name that is not in it.
    init(_ names: [String], of rule: RuleSource, index: Int, in inputs: [String]) throws(RuleFailure) {
        var words = [UInt64](repeating: 0, count: (inputs.count + 63) / 64)
        for name in names {
            guard let number = inputs.firstIndex(of: name) else {
                throw RuleFailure(
                    kind: .input, ruleIndex: index, rule: rule.name, chunk: rule.name, line: 0,
                    message: OptionValues.unknown(name, in: inputs, what: "input", of: nil))
            }
            words[number / 64] |= 1 << UInt64(number % 64)
        }
        self.words = words
    }
}
