/// Writes JSON text to memory that was reserved for it: the caller knows the largest size.
struct JSONTextWriter {
    private let base: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private(set) var count = 0

    init(_ base: UnsafeMutablePointer<UInt8>, capacity: Int) {
        self.base = base
        self.capacity = capacity
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        precondition(count < capacity, "structured data is longer than was reserved for it")
        // SAFETY: the position was checked on the line before.
        base[count] = byte
        count += 1
    }

    /// Bytes that need no escape.
    mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { for byte in $0 { put(byte) } }
    }

    /// `,"name":`, without the comma for the first member.
    mutating func member(_ text: SyslogText, _ name: SyslogPiece, first: Bool) {
        if !first { put(.comma) }
        put(.quote)
        for at in name.start..<max(name.start, name.end) { putEscaped(text[at]) }
        put(.quote)
        put(.colon)
    }

    /// `"value"` of a PARAM-VALUE: its escapes `\"`, `\\` and `\]` are undone, other backslashes are kept.
    mutating func value(_ text: SyslogText, _ value: SyslogPiece) {
        put(.quote)
        var at = value.start
        while at < value.end {
            if text[at] == .backslash, at + 1 < value.end {
                let next = text[at + 1]
                if next == .quote || next == .backslash || next == .close { at += 1 }
            }
            putEscaped(text[at])
            at += 1
        }
        put(.quote)
    }

    private mutating func putEscaped(_ byte: UInt8) {
        switch byte {
        case .quote, .backslash:
            put(.backslash)
            put(byte)
        case 0..<0x20:
            put(.backslash)
            switch byte {
            case 0x08: put(0x62)
            case 0x09: put(0x74)
            case 0x0A: put(0x6E)
            case 0x0C: put(0x66)
            case 0x0D: put(0x72)
            default:
                put(0x75)
                put(0x30)
                put(0x30)
                put(0x30 + byte >> 4)
                put(byte & 15 < 10 ? 0x30 + byte & 15 : 0x57 + byte & 15)
            }
        default: put(byte)
        }
    }
}
