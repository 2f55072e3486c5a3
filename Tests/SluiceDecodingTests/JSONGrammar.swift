/// RFC 8259 written down as plainly as possible: whether some bytes are one JSON object.
struct JSONGrammar {
    private let bytes: [UInt8]
    private var at = 0

    /// Whether the bytes are one object with nothing but blanks around it, valid UTF-8 throughout.
    static func isObject(_ bytes: [UInt8]) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var grammar = JSONGrammar(bytes: bytes)
        grammar.blanks()
        guard grammar.peek == UInt8(ascii: "{"), grammar.value() else { return false }
        grammar.blanks()
        return grammar.at == bytes.count
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ text: StaticString) -> Bool {
        let wanted = text.withUTF8Buffer { Array($0) }
        guard bytes[at...].starts(with: wanted) else { return false }
        at += wanted.count
        return true
    }

    private mutating func blanks() { while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { at += 1 } }

    private mutating func value() -> Bool {
        blanks()
        switch peek {
        case UInt8(ascii: "{"): return list("{", "}") { $0.string() && $0.colon() && $0.value() }
        case UInt8(ascii: "["): return list("[", "]") { $0.value() }
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return take("true")
        case UInt8(ascii: "f"): return take("false")
        case UInt8(ascii: "n"): return take("null")
        default: return number()
        }
    }

    private mutating func colon() -> Bool {
        blanks()
        return take(":")
    }

    private mutating func list(_ open: StaticString, _ close: StaticString, _ item: (inout Self) -> Bool) -> Bool {
        guard take(open) else { return false }
        blanks()
        if take(close) { return true }
        repeat {
            blanks()
            guard item(&self) else { return false }
            blanks()
        } while take(",")
        return take(close)
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte = peek {
            at += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte < 0x20 { return false }
            guard byte == UInt8(ascii: "\\") else { continue }
            guard let escape = peek else { return false }
            at += 1
            if escape == UInt8(ascii: "u") {
                for _ in 0..<4 {
                    guard let digit = peek, Character(Unicode.Scalar(digit)).isHexDigit, digit < 0x80 else { return false }
                    at += 1
                }
            } else if !"\"\\/bfnrt".utf8.contains(escape) {
                return false
            }
        }
        return false
    }

    private mutating func digits() -> Int {
        let start = at
        while let byte = peek, (0x30...0x39).contains(byte) { at += 1 }
        return at - start
    }

    private mutating func number() -> Bool {
        _ = take("-")
        let isZero = peek == UInt8(ascii: "0")
        let whole = digits()
        guard whole == 1 || (whole > 1 && !isZero) else { return false }
        if take("."), digits() == 0 { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            if digits() == 0 { return false }
        }
        return true
    }
}
