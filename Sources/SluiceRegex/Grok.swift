internal import SluiceConfig

/// A grok pattern turned into a regular expression.
///
/// `%{NAME}` stands for a pattern of the library, `%{NAME:field}` keeps what it matched as a field, `%{NAME:field:int}` and
/// `:float` as a number. Everything else is regular expression; its named groups are fields as well. Field names may be
/// anything (`[a][b]`, `user.id`), which names of groups may not, so groups get names of their own.
package struct Grok: Sendable {
    /// What a captured text becomes.
    package enum Kind: String, Sendable, CaseIterable {
        case string, int, float
    }

    /// A field of the pattern.
    package struct Capture: Sendable, Equatable {
        /// Name of the group in ``expression``.
        package let group: String
        /// Name of the field. Several captures may have the same one: the first that took part in a match counts.
        package let field: String
        package let kind: Kind
    }

    /// The regular expression for PCRE2.
    package let expression: String
    /// Fields in order of their appearance; named groups that the pattern's author wrote are not among them.
    package let captures: [Capture]

    /// Longest regular expression that a pattern may expand to, in bytes.
    package static let expressionBytesMax = 64 << 10
    /// Patterns within patterns.
    package static let depthMax = 64

    /// Expands a pattern with the library and the patterns given on top of it (they win).
    package init(_ text: String, patterns: [String: String] = [:]) throws(PatternError) {
        var expansion = Expansion(own: patterns)
        try expansion.append(text, depth: 0, path: [], at: 0)
        expression = expansion.expression
        captures = expansion.captures
    }

    /// The prefix of generated group names; chosen so that nobody's own group has it.
    package static let groupPrefix = "grok__"
}

/// The work of expanding: appends text, replaces references by what they stand for.
private struct Expansion {
    let own: [String: String]
    var expression = ""
    var captures: [Grok.Capture] = []

    init(own: [String: String]) { self.own = own }

    mutating func append(_ text: String, depth: Int, path: [String], at outer: Int) throws(PatternError) {
        var rest = text[...]
        while let start = Self.nextReference(rest) {
            expression += rest[..<start]
            let offset = depth == 0 ? text.utf8.distance(from: text.startIndex, to: start) : outer
            guard let end = rest[start...].firstIndex(of: "}") else {
                throw PatternError("grok reference `\(rest[start...])` is not closed; add `}`", offset: offset)
            }
            let inside = rest[rest.index(start, offsetBy: 2)..<end]
            try replace(inside, depth: depth, path: path, at: offset)
            rest = rest[rest.index(after: end)...]
            guard expression.utf8.count <= Grok.expressionBytesMax else {
                throw PatternError(
                    "grok pattern expands to more than \(Grok.expressionBytesMax) bytes; use smaller patterns", offset: offset)
            }
        }
        expression += rest
    }

    /// The next `%{` that is not `\%{`.
    private static func nextReference(_ text: Substring) -> Substring.Index? {
        var at = text.startIndex
        while at < text.endIndex {
            let next = text.index(after: at)
            if text[at] == "\\", next < text.endIndex {
                at = text.index(after: next)
                continue
            }
            if text[at] == "%", next < text.endIndex, text[next] == "{" { return at }
            at = next
        }
        return nil
    }

    private mutating func replace(_ inside: Substring, depth: Int, path: [String], at offset: Int) throws(PatternError) {
        let parts = inside.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let field = parts.count > 1 ? String(parts[1]) : ""
        var kind = Grok.Kind.string
        if parts.count > 2 {
            guard let given = Grok.Kind(rawValue: String(parts[2])) else {
                throw PatternError(
                    "unknown type `\(parts[2])` in grok reference `%{\(inside)}`; it takes `int`, `float` or `string`",
                    offset: offset)
            }
            kind = given
        }
        guard let text = own[name] ?? GrokLibrary.patterns[name] else {
            throw PatternError(unknown(name), offset: offset)
        }
        if path.contains(name) || depth >= Grok.depthMax {
            throw PatternError(
                "grok pattern `\(name)` refers to itself (\((path + [name]).joined(separator: " → "))); break the circle",
                offset: offset)
        }
        if field.isEmpty {
            expression += "(?:"
        } else {
            let group = Grok.groupPrefix + String(captures.count)
            captures.append(Grok.Capture(group: group, field: field, kind: kind))
            expression += "(?<\(group)>"
        }
        try append(text, depth: depth + 1, path: path + [name], at: offset)
        expression += ")"
    }

    private func unknown(_ name: String) -> String {
        let known = (Array(own.keys) + GrokLibrary.patterns.keys).sorted()
        let near = Suggestion.nearest(to: name, in: known).map { "; did you mean `\($0)`?" } ?? ""
        return "unknown grok pattern `\(name)`\(near)"
    }
}
