/// Finds where the tokens of a YAML text begin, by the very rules of the library's scanner: what is inside of quotes, comments and
/// block texts is none.
///
/// It exists for ``YAMLGuard``, which has to know of some texts before the library sees them. Where it stops because of an error the
/// library stops too, so nothing behind that place needs to be looked at. A test holds the two equal on random texts.
struct YAMLScanner {
    /// A token, as far as the guard needs to know it.
    enum Token: Equatable {
        /// `*name`
        case reference
        /// `[` or `{`
        case begin(isMapping: Bool)
        /// `]` or `}`
        case end
        /// `,`
        case comma
        /// `?`, the sign of a key that may be anything
        case keySign
        /// `:` behind a key
        case colon
        /// plain, quoted or block text
        case text
        /// a dash, an anchor, a tag, a directive, a sign between documents
        case other
    }

    /// A place at which a key without `?` may have begun; the library keeps one for each depth of brackets.
    private struct PossibleKey {
        let line: Int
        let index: Int
        let column: Int
        /// The mapping around it can go on with nothing else.
        let isRequired: Bool
    }

    /// Characters after which what began is no key without `?` any more.
    private static let keyCharactersMax = 1024

    private let text: [Unicode.Scalar]
    private var index = 0
    /// Both from 0.
    private(set) var line = 0
    private(set) var column = 0
    /// Column of the block that is open, -1 outside of all.
    private var indent = -1
    private var indents: [Int] = []
    private var isKeyAllowed = true
    private var keys: [PossibleKey?] = [nil]
    private var hasEnded = false
    /// Where the last token began, both from 0.
    private(set) var start = (line: 0, column: 0)

    /// A scanner at the start of a text without control characters.
    init(_ lines: [String]) {
        var text: [Unicode.Scalar] = []
        for (number, line) in lines.enumerated() {
            if number > 0 { text.append("\n") }
            text += line.unicodeScalars
        }
        self.text = text
    }

    /// Depth of brackets.
    private var depth: Int { keys.count - 1 }

    /// The next token; nil at the end of the text, or at an error.
    mutating func next() -> Token? {
        guard !hasEnded else { return nil }
        skipToToken()
        guard dropStaleKeys() else { return stop() }
        closeBlocks(to: column)
        start = (line, column)
        guard let token = index < text.count ? token(text[index]) : nil else { return stop() }
        return token
    }

    private mutating func stop() -> Token? {
        hasEnded = true
        return nil
    }

    /// The token that begins here; nil for an error.
    private mutating func token(_ sign: Unicode.Scalar) -> Token? {
        if column == 0, sign == "%" { return directive() }
        if isDocumentSign { return documentSign() }
        let isSpaced = isBlankOrEnd(1)
        switch sign {
        case "[", "{":
            guard noteKey() else { return nil }
            keys.append(nil)
            isKeyAllowed = true
            skip()
            return .begin(isMapping: sign == "{")
        case "]", "}":
            guard dropKey() else { return nil }
            if depth > 0 { keys.removeLast() }
            isKeyAllowed = false
            skip()
            return .end
        case ",":
            guard dropKey() else { return nil }
            isKeyAllowed = true
            skip()
            return .comma
        case "-" where isSpaced: return dash()
        case "?" where depth > 0 || isSpaced: return keySign()
        case ":" where depth > 0 || isSpaced: return colon()
        case "*", "&":
            guard noteKey(), skipName() else { return nil }
            isKeyAllowed = false
            return sign == "*" ? .reference : .other
        case "!":
            guard noteKey(), skipTag() else { return nil }
            isKeyAllowed = false
            return .other
        case "|" where depth == 0, ">" where depth == 0:
            guard dropKey(), skipBlockText() else { return nil }
            isKeyAllowed = true
            return .text
        case "'", "\"":
            guard noteKey(), skipQuoted(sign) else { return nil }
            isKeyAllowed = false
            return .text
        case "|", ">", "%", "@", "`", "\t": return nil
        // A dash, `?` and `:` begin a plain text where they are no signs of their own.
        default: return skipPlain() ? .text : nil
        }
    }

    // MARK: - Signs

    private mutating func directive() -> Token? {
        guard leaveDocument() else { return nil }
        while index < text.count, text[index] != "\n" { skip() }
        return .other
    }

    private mutating func documentSign() -> Token? {
        guard leaveDocument() else { return nil }
        for _ in 0..<3 { skip() }
        return .other
    }

    private mutating func leaveDocument() -> Bool {
        closeBlocks(to: -1)
        isKeyAllowed = false
        return dropKey()
    }

    private mutating func dash() -> Token? {
        if depth == 0 {
            guard isKeyAllowed else { return nil }
            openBlock(at: column)
        }
        guard dropKey() else { return nil }
        isKeyAllowed = true
        skip()
        return .other
    }

    private mutating func keySign() -> Token? {
        if depth == 0 {
            guard isKeyAllowed else { return nil }
            openBlock(at: column)
        }
        guard dropKey() else { return nil }
        isKeyAllowed = depth == 0
        skip()
        return .keySign
    }

    private mutating func colon() -> Token? {
        if let key = keys[depth] {
            openBlock(at: key.column)
            keys[depth] = nil
            isKeyAllowed = false
        } else {
            if depth == 0 {
                guard isKeyAllowed else { return nil }
                openBlock(at: column)
            }
            isKeyAllowed = depth == 0
        }
        skip()
        return .colon
    }

    // MARK: - Keys and blocks

    /// What begins here may be a key. False when the place needed one before.
    private mutating func noteKey() -> Bool {
        guard isKeyAllowed else { return true }
        let key = PossibleKey(line: line, index: index, column: column, isRequired: depth == 0 && indent == column)
        guard dropKey() else { return false }
        keys[depth] = key
        return true
    }

    /// What began was no key. False when the place needed one.
    private mutating func dropKey() -> Bool {
        let wasRequired = keys[depth]?.isRequired == true
        keys[depth] = nil
        return !wasRequired
    }

    /// A key without `?` is on one line, and short.
    private mutating func dropStaleKeys() -> Bool {
        for level in keys.indices {
            guard let key = keys[level], key.line < line || key.index + Self.keyCharactersMax < index else { continue }
            if key.isRequired { return false }
            keys[level] = nil
        }
        return true
    }

    private mutating func openBlock(at column: Int) {
        guard depth == 0, indent < column else { return }
        indents.append(indent)
        indent = column
    }

    private mutating func closeBlocks(to column: Int) {
        guard depth == 0 else { return }
        while indent > column { indent = indents.popLast() ?? -1 }
    }

    // MARK: - What is skipped

    private mutating func skip() {
        if text[index] == "\n" {
            line += 1
            column = 0
        } else {
            column += 1
        }
        index += 1
    }

    private mutating func skipToToken() {
        while index < text.count {
            switch text[index] {
            case " ": skip()
            case "\t" where depth > 0 || !isKeyAllowed: skip()
            case "#": while index < text.count, text[index] != "\n" { skip() }
            case "\n":
                skip()
                if depth == 0 { isKeyAllowed = true }
            default: return
            }
        }
    }

    /// Whether nothing, a blank or the end of the line stands so many characters on.
    private func isBlankOrEnd(_ offset: Int) -> Bool {
        guard index + offset < text.count else { return true }
        let scalar = text[index + offset]
        return scalar == " " || scalar == "\t" || scalar == "\n"
    }

    private func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

    /// `---` or `...` at the start of a line.
    private var isDocumentSign: Bool {
        guard column == 0, index + 2 < text.count else { return false }
        let sign = text[index]
        return (sign == "-" || sign == ".") && text[index + 1] == sign && text[index + 2] == sign && isBlankOrEnd(3)
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }

    /// `&name` or `*name`.
    private mutating func skipName() -> Bool {
        skip()
        let begin = index
        while index < text.count, Self.isNameScalar(text[index]) { skip() }
        return index > begin && (isBlankOrEnd(0) || "?:,]}%@`".unicodeScalars.contains(text[index]))
    }

    /// `!tag`, `!handle!tag` or `!<tag>`.
    private mutating func skipTag() -> Bool {
        skip()
        let isVerbatim = index < text.count && text[index] == "<"
        if isVerbatim { skip() }
        let signs = (isVerbatim ? ";/?:@&=+$.%!~*'(),[]" : ";/?:@&=+$.%!~*'()").unicodeScalars
        while index < text.count, Self.isNameScalar(text[index]) || signs.contains(text[index]) { skip() }
        if isVerbatim {
            guard index < text.count, text[index] == ">" else { return false }
            skip()
        }
        return isBlankOrEnd(0) || depth > 0 && text[index] == ","
    }

    private mutating func skipQuoted(_ quote: Unicode.Scalar) -> Bool {
        skip()
        while index < text.count {
            if isDocumentSign { return false }
            let sign = text[index]
            let isPair = quote == "'" && sign == quote && index + 1 < text.count && text[index + 1] == quote
            if isPair || quote == "\"" && sign == "\\" {
                skip()
                if index < text.count { skip() }
            } else {
                skip()
                if sign == quote { return true }
            }
        }
        return false
    }

    private mutating func skipPlain() -> Bool {
        guard noteKey() else { return false }
        isKeyAllowed = false
        var isAtLineStart = false
        while true {
            if isDocumentSign || index < text.count && text[index] == "#" { break }
            while !isBlankOrEnd(0) {
                let sign = text[index]
                let isFlowSign = ",[]{}".unicodeScalars.contains(sign)
                if depth > 0, sign == ":", index + 1 < text.count, ",?[]{}".unicodeScalars.contains(text[index + 1]) { return false }
                if sign == ":" && isBlankOrEnd(1) || depth > 0 && isFlowSign { break }
                isAtLineStart = false
                skip()
            }
            guard index < text.count, isBlankOrEnd(0) else { break }
            while index < text.count, isBlankOrEnd(0) {
                if text[index] == "\n" {
                    isAtLineStart = true
                } else if isAtLineStart, text[index] == "\t", column <= indent {
                    return false
                }
                skip()
            }
            if depth == 0, column <= indent { break }
        }
        if isAtLineStart { isKeyAllowed = true }
        return true
    }

    /// A text behind `|` or `>`: the lines that are indented further than the block around it.
    private mutating func skipBlockText() -> Bool {
        skip()
        var blockIndent = 0
        for _ in 0..<2 where index < text.count {
            switch text[index] {
            case "+", "-": skip()
            case "1"..."9":
                blockIndent = max(indent, 0) + Int(text[index].value - 0x30)
                skip()
            default: break
            }
        }
        while index < text.count, isBlank(text[index]) { skip() }
        if index < text.count, text[index] == "#" {
            while index < text.count, text[index] != "\n" { skip() }
        }
        guard isBlankOrEnd(0) else { return false }
        if index < text.count { skip() }
        guard skipBlockBreaks(&blockIndent) else { return false }
        while index < text.count, column == blockIndent {
            while index < text.count, text[index] != "\n" { skip() }
            if index < text.count { skip() }
            guard skipBlockBreaks(&blockIndent) else { return false }
        }
        return true
    }

    /// Indentation and empty lines; the first text that is found says how far a block text is indented.
    private mutating func skipBlockBreaks(_ blockIndent: inout Int) -> Bool {
        var deepest = 0
        while true {
            while blockIndent == 0 || column < blockIndent, index < text.count, text[index] == " " { skip() }
            deepest = max(deepest, column)
            guard index < text.count else { break }
            if blockIndent == 0 || column < blockIndent, text[index] == "\t" { return false }
            guard text[index] == "\n" else { break }
            skip()
        }
        if blockIndent == 0 { blockIndent = max(deepest, indent + 1, 1) }
        return true
    }
}
