/// What can be said of a rule without running it: the outputs that it names as literals, and what the sandbox refuses.
///
/// Only what is certain is reported: a string that stands alone between the commas of `return` in `process` itself (or in a
/// table that it returns), of `also(…)`, or of `emit(event, …)`. A computed name is resolved when it is used.
package struct RuleInspection: Sendable {
    /// A literal and its place.
    package struct Mention: Equatable, Sendable {
        package let text: String
        package let line: Int
        package let column: Int
    }

    /// Output names in order of appearance.
    package private(set) var outputs: [Mention] = []
    /// Variables with the attribute `<close>`.
    package private(set) var closeAttributes: [Mention] = []
    /// Whether the function is defined at the top level, by its name.
    package private(set) var definesFunction = false
    /// Names of fields that the source mentions: `event.name`, `event["name"]`.
    package private(set) var fields: Set<String> = []

    private let tokens: [LuaToken]

    /// Looks through a chunk whose decisions `function` returns.
    package init(source: [UInt8], function: String = "process") {
        tokens = LuaLexer.tokens(of: source)
        scan(function)
    }

    private enum Block { case function(isRule: Bool), other }

    private func text(_ index: Int) -> String { tokens.indices.contains(index) ? tokens[index].text : "" }

    private func isSymbol(_ index: Int, _ symbol: String) -> Bool {
        tokens.indices.contains(index) && tokens[index].kind != .string && tokens[index].text == symbol
    }

    private mutating func scan(_ function: String) {
        var blocks: [Block] = []
        for (index, token) in tokens.enumerated() {
            switch (token.kind, token.text) {
            case (.keyword, "function"):
                let isRule = isRuleFunction(index, function, blocks.isEmpty)
                if isRule { definesFunction = true }
                blocks.append(.function(isRule: isRule))
            case (.keyword, "do"), (.keyword, "if"), (.keyword, "repeat"): blocks.append(.other)
            case (.keyword, "end"), (.keyword, "until"): _ = blocks.popLast()
            case (.keyword, "return"): if isInRule(blocks) { collectReturn(index + 1) }
            case (.name, "also"), (.name, "emit"):
                if isSymbol(index + 1, "("), !isSymbol(index - 1, "."), !isSymbol(index - 1, ":"), !isSymbol(index - 1, "function") {
                    let arguments = expressions(from: index + 2)
                    for argument in arguments.dropFirst(token.text == "emit" ? 1 : 0) { collect(argument) }
                }
            case (.name, "close"):
                if isSymbol(index - 1, "<"), isSymbol(index + 1, ">") { closeAttributes.append(mention(index)) }
            case (.name, "event"): collectField(index)
            default: break
            }
        }
    }

    private mutating func collectField(_ index: Int) {
        if isSymbol(index + 1, "."), index + 2 < tokens.count { fields.insert(text(index + 2)) }
        if isSymbol(index + 1, "["), index + 3 < tokens.count, tokens[index + 2].kind == .string, isSymbol(index + 3, "]") {
            fields.insert(text(index + 2))
        }
    }

    /// `function process(…)` or `process = function(…)` outside of any function.
    private func isRuleFunction(_ index: Int, _ function: String, _ isOutermost: Bool) -> Bool {
        guard isOutermost else { return false }
        return text(index + 1) == function || (isSymbol(index - 1, "=") && text(index - 2) == function)
    }

    private func isInRule(_ blocks: [Block]) -> Bool {
        for block in blocks.reversed() {
            if case .function(let isRule) = block { return isRule }
        }
        return false
    }

    private func mention(_ index: Int) -> Mention {
        Mention(text: tokens[index].text, line: tokens[index].line, column: tokens[index].column)
    }

    /// Token ranges of the expressions of a list, up to what ends it: a closing bracket, `;`, a keyword of the block, the end.
    private func expressions(from start: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var depth = 0
        var first = start
        var index = start
        while index < tokens.count {
            let token = tokens[index]
            if token.kind == .symbol, ["(", "{", "["].contains(token.text) {
                depth += 1
            } else if token.kind == .symbol, [")", "}", "]"].contains(token.text) {
                if depth == 0 { break }
                depth -= 1
            } else if depth == 0, token.kind == .symbol, token.text == "," {
                ranges.append(first..<index)
                first = index + 1
            } else if depth == 0,
                token.text == ";" && token.kind == .symbol
                    || token.kind == .keyword && ["end", "else", "elseif", "until"].contains(token.text)
            {
                break
            } else if token.kind == .keyword, token.text == "function" {
                return ranges
            }
            index += 1
        }
        return first < index ? ranges + [first..<index] : ranges
    }

    private mutating func collect(_ range: Range<Int>) {
        if range.count == 1, tokens[range.lowerBound].kind == .string { outputs.append(mention(range.lowerBound)) }
    }

    private mutating func collectReturn(_ start: Int) {
        let list = expressions(from: start)
        if list.count == 1, isSymbol(list[0].lowerBound, "{"), isSymbol(list[0].upperBound - 1, "}") {
            for element in expressions(from: list[0].lowerBound + 1) { collect(element) }
        } else {
            for expression in list { collect(expression) }
        }
    }
}
