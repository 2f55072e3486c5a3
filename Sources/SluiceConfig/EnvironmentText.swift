/// `${NAME}` and `${NAME:-default}` in a value of a configuration file.
///
/// They are replaced after parsing, so no variable can change what the file means. `$${` is `${` itself; every other `$` stays.
/// As in a shell `:-` takes the default when the variable is unset or empty; it runs to the next `}`.
package enum EnvironmentText {
    /// The text with variables replaced.
    package static func expanded(_ text: String, _ variable: (String) -> String?) throws(ConfigError) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw ConfigError(.malformed, "`\(rest.prefix(20))` has no `}`; write `${NAME}`, or `$${` for the text `${`")
                }
                result += try value(of: rest[rest.index(rest.startIndex, offsetBy: 2)..<end], variable)
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    /// Whether a text refers to a variable.
    package static func refers(_ text: String) -> Bool { text.contains("${") }

    private static func value(of reference: Substring, _ variable: (String) -> String?) throws(ConfigError) -> String {
        let name = reference.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
        let rest = reference.dropFirst(name.count)
        guard let first = name.first, !first.isNumber, rest.isEmpty || rest.hasPrefix(":-") else {
            throw ConfigError(
                .malformed,
                "`${\(reference)}` is no variable; write `${NAME}` or `${NAME:-default}`, or `$${` for the text `${`")
        }
        let value = variable(String(name))
        if rest.isEmpty {
            if let value { return value }
            throw ConfigError(
                .missingOption, "environment variable `\(name)` is not set; set it, or write a default: `${\(name):-…}`")
        }
        if let value, !value.isEmpty { return value }
        return String(rest.dropFirst(2))
    }
}
