import SluiceConfig

/// A command line that cannot be understood, said in the words of this program.
enum UsageFault {
    /// A message of the argument parser in the form of all others: lower-case, names in back-ticks, one sentence.
    static func text(of message: String) -> String {
        var text = message.replacing("'", with: "`")
        text = text.replacing(". Did you mean ", with: "; did you mean ")
        text = text.replacing(". Please provide one of ", with: "; it takes one of ")
        if text.hasSuffix(".") { text.removeLast() }
        text = text.replacing("Missing expected argument ", with: "Missing argument ").replacing("> ...`", with: ">…`")
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// What is wrong with the verb of these arguments; nil when it is one.
    static func unknownVerb(in arguments: [String], verbs: [String], exists: (String) -> Bool) -> String? {
        let verb = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
        guard let verb, !verbs.contains(verb), !["help", "-h", "--help", "--version", "--experimental-dump-help"].contains(verb) else {
            return nil
        }
        if verb.hasPrefix("-") { return "`\(verb)` stands where the verb belongs; did you mean `sluice filter \(verb) …`?" }
        if verb.hasSuffix(".lua") || exists(verb) {
            return "`\(verb)` is no verb; did you mean `sluice filter \(verb)`?"
        }
        return OptionValues.unknown(verb, in: verbs, what: "verb", of: nil)
    }

    /// Where to read on.
    static func advice(for arguments: [String], verbs: [String]) -> String {
        let verb = arguments.first.flatMap { verbs.contains($0) ? " \($0)" : nil } ?? ""
        return "see `sluice help\(verb)`"
    }
}
