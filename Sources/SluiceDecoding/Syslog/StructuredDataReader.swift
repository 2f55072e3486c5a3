/// Walks over the elements and parameters of structured data, strictly or tolerantly; reading twice gives the same twice.
struct StructuredDataReader {
    enum Step {
        case parameter(name: SyslogPiece, value: SyslogPiece)
        /// Behind the `]`.
        case end
        case invalid
    }

    private let text: SyslogText
    private(set) var at: Int
    private let isStrict: Bool
    private(set) var isRepaired = false

    /// RFC 5424's SD-NAME is 1 to 32 characters long.
    private static let nameBytesMax = 32

    init(_ text: SyslogText, at start: Int, strict: Bool) {
        self.text = text
        at = start
        isStrict = strict
    }

    /// Reads `[` and the ID; nil when that is not there. An empty piece stands for `[]`.
    mutating func element() -> SyslogPiece? {
        guard text[at] == .open else { return nil }
        at += 1
        let id = name()
        if id.isEmpty {
            guard !isStrict, text[at] == .close else { return nil }
            isRepaired = true
            return id
        }
        return text[at] == .blank || text[at] == .close ? id : nil
    }

    /// The next parameter of the element, or its end.
    mutating func parameter() -> Step {
        let start = at
        while text[at] == .blank { at += 1 }
        if text[at] == .close {
            if at > start { isRepaired = true }
            if isStrict, at > start { return .invalid }
            at += 1
            return .end
        }
        if at - start != 1 {
            if isStrict { return .invalid }
            isRepaired = true
        }
        let name = name()
        guard !name.isEmpty else { return .invalid }
        return value(of: name)
    }

    private mutating func value(of name: SyslogPiece) -> Step {
        if text[at] != .equals {
            guard !isStrict else { return .invalid }
            isRepaired = true
            let next = text.skippingBlanks(at)
            if text[next] != .equals {
                // A parameter without a value.
                guard next > at || text[next] == .close else { return .invalid }
                return .parameter(name: name, value: .none)
            }
            at = next
        }
        at += 1
        if text[at] != .quote {
            guard !isStrict else { return .invalid }
            isRepaired = true
            let next = text.skippingBlanks(at)
            guard text[next] == .quote else { return unquoted(name) }
            at = next
        }
        at += 1
        let start = at
        while at < text.count {
            let byte = text[at]
            if byte == .quote {
                let value = SyslogPiece(start: start, end: at)
                if isStrict, !text.isUTF8(value) { return .invalid }
                at += 1
                if text[at] != .blank, text[at] != .close {
                    if isStrict { return .invalid }
                    isRepaired = true
                }
                return .parameter(name: name, value: value)
            }
            if byte == .close {
                if isStrict { return .invalid }
                isRepaired = true
            }
            at += byte == .backslash && text[at + 1].isEscapable ? 2 : 1
        }
        return .invalid
    }

    /// A value without quotes: up to a blank or `]`.
    private mutating func unquoted(_ name: SyslogPiece) -> Step {
        let start = at
        while at < text.count, text[at] != .blank, text[at] != .close {
            if text[at] == .quote { return .invalid }
            at += 1
        }
        return at < text.count ? .parameter(name: name, value: SyslogPiece(start: start, end: at)) : .invalid
    }

    private mutating func name() -> SyslogPiece {
        let start = at
        while at < text.count {
            let byte = text[at]
            if byte == .equals || byte == .close || byte == .quote { break }
            if !byte.isGraphic {
                if isStrict || byte < 0x80 { break }
                isRepaired = true
            }
            at += 1
        }
        if at - start > Self.nameBytesMax {
            if isStrict { return .none }
            isRepaired = true
        }
        return SyslogPiece(start: start, end: at)
    }
}

extension UInt8 {
    /// Whether a backslash before this byte belongs to it in a PARAM-VALUE.
    fileprivate var isEscapable: Bool { self == .quote || self == .backslash || self == .close }
}

extension SyslogText {
    /// Whether a piece is well-formed UTF-8 (RFC 3629).
    func isUTF8(_ piece: SyslogPiece) -> Bool {
        var at = piece.start
        while at < piece.end {
            let lead = self[at]
            at += 1
            if lead < 0x80 { continue }
            let more: Int
            switch lead {
            case 0xC2...0xDF: more = 1
            case 0xE0...0xEF: more = 2
            case 0xF0...0xF4: more = 3
            default: return false
            }
            guard piece.end - at >= more else { return false }
            let second = self[at]
            switch lead {
            case 0xE0 where second < 0xA0, 0xED where second > 0x9F, 0xF0 where second < 0x90, 0xF4 where second > 0x8F:
                return false
            default: break
            }
            for index in 0..<more where self[at + index] & 0xC0 != 0x80 { return false }
            at += more
        }
        return true
    }
}
