/// Finds the absent field behind Lua's “attempt to compare number with nil”, which names none.
package enum AbsentFieldHint {
    /// A field that is nil at this line, or nil when the message is about something else.
    ///
    /// Looks for `event.NAME` on the line, then for locals of the line that an earlier line set from `event.NAME`. `isAbsent`
    /// answers whether the event lacks a field.
    package static func field(source: [UInt8], line: Int, message: String, isAbsent: (String) -> Bool) -> String? {
        guard message.contains("attempt to compare"), message.contains("nil") else { return nil }
        let tokens = LuaLexer.tokens(of: source)
        let direct = tokens.indices.filter { tokens[$0].line == line }.compactMap { mentioned(tokens, at: $0) }
        if let field = direct.first(where: isAbsent) { return field }
        let locals = Set(tokens.filter { $0.line == line && $0.kind == .name }.map(\.text))
        for index in tokens.indices.reversed() where tokens[index].line < line {
            guard tokens[index].text == "=", tokens[index].kind == .symbol else { continue }
            for (name, field) in assignments(tokens, at: index) where locals.contains(name) && isAbsent(field) { return field }
        }
        return nil
    }

    /// The name of the field when `event.NAME` starts here.
    private static func mentioned(_ tokens: [LuaToken], at index: Int) -> String? {
        guard tokens[index].kind == .name, tokens[index].text == "event", index + 2 < tokens.count, tokens[index + 1].text == ".",
            tokens[index + 2].kind == .name
        else { return nil }
        return tokens[index + 2].text
    }

    /// `a, b = event.x, event.y` as pairs (a, x), (b, y); `index` is the `=`.
    private static func assignments(_ tokens: [LuaToken], at index: Int) -> [(String, String)] {
        var names: [String] = []
        var at = index - 1
        while at >= 0, tokens[at].kind == .name {
            names.insert(tokens[at].text, at: 0)
            guard at >= 1, tokens[at - 1].text == "," else { break }
            at -= 2
        }
        var pairs: [(String, String)] = []
        at = index + 1
        for name in names {
            guard at < tokens.count else { break }
            if let field = mentioned(tokens, at: at) { pairs.append((name, field)) }
            var depth = 0
            while at < tokens.count, depth > 0 || tokens[at].text != "," {
                if ["(", "{", "["].contains(tokens[at].text) { depth += 1 }
                if [")", "}", "]"].contains(tokens[at].text) { depth -= 1 }
                if depth < 0 || tokens[at].kind == .keyword { break }
                at += 1
            }
            at += 1
        }
        return pairs
    }
}
