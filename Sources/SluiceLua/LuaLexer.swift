/// Cuts Lua 5.4 source text into tokens (Lua manual §3.1), for what must be known of a rule before it runs: which outputs it
/// names, which line an error shows. Text that Lua refuses gives some tokens; Lua's own compiler has the say.
package struct LuaLexer {
    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private var lineStart = 0

    private static let keywords: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
        "or", "repeat", "return", "then", "true", "until", "while",
    ]
    private static let symbols = [
        "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", "..", "+", "-", "*", "/", "%", "^", "#", "&", "~", "|", "<",
        ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
    ]

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// All tokens of a chunk; comments and blanks are left out.
    package static func tokens(of source: [UInt8]) -> [LuaToken] {
        var lexer = LuaLexer(source)
        var tokens: [LuaToken] = []
        if source.first == UInt8(ascii: "#") { lexer.skipLine() }
        while let token = lexer.next() { tokens.append(token) }
        return tokens
    }

    private func byte(_ offset: Int = 0) -> UInt8? { at + offset < bytes.count ? bytes[at + offset] : nil }

    private mutating func advance() {
        if bytes[at] == 0x0A {
            line += 1
            lineStart = at + 1
        }
        at += 1
    }

    private mutating func skipLine() {
        while let byte = byte(), byte != 0x0A { at += 1 }
    }

    /// Number of `=` when a long bracket opens here: `[[`, `[=[`, …
    private func longBracketLevel() -> Int? {
        guard byte() == UInt8(ascii: "[") else { return nil }
        var level = 0
        while byte(1 + level) == UInt8(ascii: "=") { level += 1 }
        return byte(1 + level) == UInt8(ascii: "[") ? level : nil
    }

    private mutating func longString(level: Int) -> String {
        for _ in 0..<level + 2 { advance() }
        let start = at
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "]"), at + level + 1 < bytes.count, bytes[at + level + 1] == UInt8(ascii: "]"),
                bytes[at + 1..<at + level + 1].allSatisfy({ $0 == UInt8(ascii: "=") })
            {
                let text = String(decoding: bytes[start..<at], as: UTF8.self)
                for _ in 0..<level + 2 { advance() }
                return text.hasPrefix("\n") ? String(text.dropFirst()) : text
            }
            advance()
        }
        return String(decoding: bytes[start...], as: UTF8.self)
    }

    private mutating func skipBlanksAndComments() {
        while let next = byte() {
            if next == 0x20 || (0x09...0x0D).contains(next) {
                advance()
            } else if next == UInt8(ascii: "-"), byte(1) == UInt8(ascii: "-") {
                at += 2
                if let level = longBracketLevel() { _ = longString(level: level) } else { skipLine() }
            } else {
                return
            }
        }
    }

    private mutating func next() -> LuaToken? {
        skipBlanksAndComments()
        guard let first = byte() else { return nil }
        let line = line
        let column = at - lineStart + 1
        func token(_ kind: LuaToken.Kind, _ text: String) -> LuaToken {
            LuaToken(kind: kind, text: text, line: line, column: column)
        }
        if Self.isNameByte(first), !Self.isDigit(first) {
            let name = take { Self.isNameByte($0) }
            return token(Self.keywords.contains(name) ? .keyword : .name, name)
        }
        if Self.isDigit(first) || (first == UInt8(ascii: ".") && byte(1).map(Self.isDigit) ?? false) {
            return token(.number, number())
        }
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") { return token(.string, quoted(first)) }
        if let level = longBracketLevel() { return token(.string, longString(level: level)) }
        for symbol in Self.symbols where bytes[at...].starts(with: symbol.utf8) {
            at += symbol.utf8.count
            return token(.symbol, symbol)
        }
        advance()
        return token(.symbol, String(decoding: [first], as: UTF8.self))
    }

    private mutating func take(while accepted: (UInt8) -> Bool) -> String {
        let start = at
        while let byte = byte(), accepted(byte) { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func number() -> String {
        let start = at
        while let next = byte(), Self.isNameByte(next) || next == UInt8(ascii: ".") {
            let isExponent = [UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "p"), UInt8(ascii: "P")].contains(next)
            at += 1
            if isExponent, let sign = byte(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { at += 1 }
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func quoted(_ quote: UInt8) -> String {
        advance()
        var value: [UInt8] = []
        while let next = byte(), next != quote, next != 0x0A {
            advance()
            guard next == UInt8(ascii: "\\"), let escaped = byte() else {
                value.append(next)
                continue
            }
            advance()
            switch escaped {
            case UInt8(ascii: "n"): value.append(0x0A)
            case UInt8(ascii: "t"): value.append(0x09)
            case UInt8(ascii: "r"): value.append(0x0D)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"), 0x0A: value.append(escaped)
            default: value += [UInt8(ascii: "\\"), escaped]
            }
        }
        if byte() == quote { advance() }
        return String(decoding: value, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
    }
}
