/// What the word behind an RFC 3164 time is: there, a host may be missing and the tag or the text begin at once.
struct SyslogWord {
    enum Kind {
        /// The text ends here.
        case end
        /// `-`.
        case nothing
        /// `:`.
        case colon
        case host(SyslogPiece)
        /// No host: the tag begins here.
        case tag
        /// No host and no tag: the message begins here.
        case text
    }

    let kind: Kind

    init(_ text: SyslogText, _ word: SyslogPiece) {
        kind = Self.kind(text, word)
    }

    private static func kind(_ text: SyslogText, _ word: SyslogPiece) -> Kind {
        guard !word.isEmpty else { return .end }
        let first = text[word.start]
        if word.count == 1, first == .dash { return .nothing }
        if word.count == 1, first == .colon { return .colon }
        switch first {
        case .percent: return .tag
        case .brace, .quote, .less: return .text
        case .open:
            guard text[word.end - 1] == .close else { return .text }
            return isAddress(text, SyslogPiece(start: word.start + 1, end: word.end - 1)) ? .host(word) : .text
        default: break
        }
        var colon = -1
        var open = -1
        var commas = 0
        for at in word.start..<word.end {
            switch text[at] {
            case .colon where colon < 0: colon = at
            case .open where open < 0: open = at
            case .comma: commas += 1
            case .equals: return .text
            default: break
            }
        }
        if open >= 0, colon < 0 || open < colon { return .tag }
        guard colon >= 0, !isAddress(text, word) else { return .host(word) }
        if colon < word.end - 1 {
            // `192.0.2.1:514` is a host with its port; `Serverlog:2017` is a tag glued to its text.
            return first.isDigit ? .host(word) : .tag
        }
        // UniFi: `U7PG2,788a20aabbcc,v4.0.10:` and then the real tag.
        return commas >= 2 ? .host(SyslogPiece(start: word.start, end: colon)) : .tag
    }

    /// Whether a word is an IP address: hexadecimal groups with two colons, or four decimal parts.
    private static func isAddress(_ text: SyslogText, _ word: SyslogPiece) -> Bool {
        guard !word.isEmpty else { return false }
        var colons = 0
        var dots = 0
        var isDecimal = true
        for at in word.start..<word.end {
            switch text[at] {
            case .colon: colons += 1
            case .dot: dots += 1
            // The rest is the interface of a link-local address.
            case .percent: return colons >= 2 && at > word.start
            case let byte where byte.isDigit: break
            case let byte where byte.isHexDigit: isDecimal = false
            default: return false
            }
        }
        return colons >= 2 || (colons == 0 && dots == 3 && isDecimal)
    }
}
