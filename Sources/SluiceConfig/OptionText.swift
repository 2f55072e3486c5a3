/// The command line's form of a component with options: `csv:delimiter=;,header=true`.
///
/// The first `:` ends the name. Options are separated by commas; an item without `=` goes on with the value before it, comma
/// included, so `columns=a,b,c` is one list and `delimiter=,` is a comma. Components that take one free text (`text`,
/// `regex`, `grok`) get everything behind the first `:`.
package struct OptionText: Sendable, Equatable {
    /// The component's name.
    package let name: String
    /// Everything behind the first `:`, nil without one.
    package let rest: String?

    /// Cuts `csv:delimiter=;` in two.
    package init(_ text: String) {
        if let colon = text.firstIndex(of: ":") {
            name = String(text[..<colon])
            rest = String(text[text.index(after: colon)...])
        } else {
            name = text
            rest = nil
        }
    }

    /// The options as pairs in order.
    package func pairs() throws(ConfigError) -> [(key: String, value: String)] {
        guard let rest, !rest.isEmpty else { return [] }
        var pairs: [(key: String, value: String)] = []
        for item in rest.split(separator: ",", omittingEmptySubsequences: false) {
            if let equals = item.firstIndex(of: "="), equals > item.startIndex,
                item[..<equals].allSatisfy({ $0.isLetter || $0 == "_" })
            {
                pairs.append((String(item[..<equals]), String(item[item.index(after: equals)...])))
            } else if pairs.isEmpty {
                throw ConfigError(
                    .malformed, "option `\(item)` of `\(name)` has no `=`; write `\(name):key=value,key=value`")
            } else {
                pairs[pairs.count - 1].value += "," + item
            }
        }
        return pairs
    }
}
