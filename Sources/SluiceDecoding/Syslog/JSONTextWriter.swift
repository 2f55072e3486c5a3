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

    /// Decimal digits.
    mutating func put(decimal value: UInt64) {
        if value >= 10 { put(decimal: value / 10) }
        put(0x30 + UInt8(value % 10))
    }

    /// `,"name":`, without the comma for the first member.
    mutating func member(_ text: SyslogText, _ name: SyslogPiece, first: Bool) {
        if !first { put(.comma) }
        put(.quote)
        var at = name.start
        while at < name.end {
            at = putClean(text, at, name.end)
            if at < name.end { putEscaped(text[at]) }
            at += 1
        }
        put(.quote)
        put(.colon)
    }

    /// `"value"` of a PARAM-VALUE: its escapes `\"`, `\\` and `\]` are undone, other backslashes are kept.
    mutating func value(_ text: SyslogText, _ value: SyslogPiece) {
        put(.quote)
        var at = value.start
        while at < value.end {
            at = putClean(text, at, value.end)
            guard at < value.end else { break }
            if text[at] == .backslash, at + 1 < value.end {
                let next = text[at + 1]
                if next == .quote || next == .backslash || next == .close { at += 1 }
            }
            putEscaped(text[at])
            at += 1
        }
        put(.quote)
    }

    /// Copies the bytes from `start` on that need no escape, and answers where one is that does, or `end`.
    private mutating func putClean(_ text: SyslogText, _ start: Int, _ end: Int) -> Int {
        var at = start
        while at < end {
            let byte = text[at]
            if byte < 0x20 || byte == .quote || byte == .backslash { break }
            at += 1
        }
        precondition(at - start <= capacity - count, "structured data is longer than was reserved for it")
        text.withBytes(from: start) { bytes, _ in
            // SAFETY: `start..<at` lies in the text, the room was checked on the line before.
            (base + count).update(from: bytes, count: at - start)
        }
        count += at - start
        return at
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
