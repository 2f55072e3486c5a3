import CSluice

/// A walk over the JSON text of a table argument: members of an object or elements of an array, one level deep.
///
///     while let item = reader.next() { … item.key … item.value … }
///
/// Texts come from the binding and are valid JSON apart from bytes that are not UTF-8 inside strings; for files the text is
/// checked with ``TableText/isValid(_:)`` first. Broken text ends the walk, it is never read past its end.
struct TableReader {
    /// Whether the table is an array.
    let isArray: Bool
    private var scanner: TableScanner
    private var isFirst = true

    /// A member or element: raw JSON text of both parts.
    struct Item {
        /// The inside of the key's literal, escapes as they are; empty in an array.
        let key: UnsafeRawBufferPointer
        let value: TableValue
    }

    /// Starts at the opening bracket; nil when the text is neither object nor array.
    init?(_ text: UnsafeRawBufferPointer) {
        scanner = TableScanner(text)
        scanner.skipSpace()
        switch scanner.take() {
        case UInt8(ascii: "{"): isArray = false
        case UInt8(ascii: "["): isArray = true
        default: return nil
        }
    }

    /// The next member or element; nil at the end.
    mutating func next() -> Item? {
        scanner.skipSpace()
        if !isFirst {
            guard scanner.take() == UInt8(ascii: ",") else { return nil }
            scanner.skipSpace()
        }
        isFirst = false
        var key = UnsafeRawBufferPointer(start: nil, count: 0)
        if !isArray {
            guard let literal = scanner.value(depth: 0), literal.first == UInt8(ascii: "\"") else { return nil }
            key = TableValue(text: literal).inside
            scanner.skipSpace()
            guard scanner.take() == UInt8(ascii: ":") else { return nil }
            scanner.skipSpace()
        }
        guard let value = scanner.value(depth: 0) else { return nil }
        return Item(key: key, value: TableValue(text: value))
    }
}

/// JSON text of one value.
struct TableValue {
    let text: UnsafeRawBufferPointer
    private let isKey: Bool

    /// A value.
    init(text: UnsafeRawBufferPointer) {
        self.text = text
        isKey = false
    }

    /// A member's name: the inside of its literal.
    init(key: UnsafeRawBufferPointer) {
        text = key
        isKey = true
    }

    var isString: Bool { text.first == UInt8(ascii: "\"") }
    var isTable: Bool { text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "[") }
    var isNull: Bool { text.first == UInt8(ascii: "n") }

    /// The inside of a string literal, escapes as they are.
    var inside: UnsafeRawBufferPointer {
        isString && text.count >= 2 ? UnsafeRawBufferPointer(rebasing: text[1..<text.count - 1]) : text
    }

    /// Writes the value as plain text: strings without quotes and escapes, everything else as its JSON.
    func appendText(to buffer: UnsafeMutablePointer<sl_buffer>) {
        if isKey { return TableText.unescape(text, to: buffer) }
        if isString { TableText.unescape(inside, to: buffer) } else { buffer.append(text) }
    }

    /// The value as text for rare uses.
    var string: String {
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        withUnsafeMutablePointer(to: &buffer) { appendText(to: $0) }
        return String(decoding: UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.length), as: UTF8.self)
    }
}

/// Checks and conversions of JSON text.
enum TableText {
    /// Nesting that is followed.
    static let depthMax = 64

    /// Whether the text is one whole object or array.
    static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
        var scanner = TableScanner(text)
        scanner.skipSpace()
        guard scanner.next == UInt8(ascii: "{") || scanner.next == UInt8(ascii: "["), scanner.value(depth: 0) != nil else {
            return false
        }
        scanner.skipSpace()
        return scanner.isAtEnd
    }

    /// Writes the bytes that the inside of a string literal stands for.
    static func unescape(_ inside: UnsafeRawBufferPointer, to buffer: UnsafeMutablePointer<sl_buffer>) {
        var index = 0
        while index < inside.count {
            let byte = inside[index]
            guard byte == UInt8(ascii: "\\"), index + 1 < inside.count else {
                buffer.append(byte)
                index += 1
                continue
            }
            let escape = inside[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "n"): buffer.append(0x0A)
            case UInt8(ascii: "t"): buffer.append(0x09)
            case UInt8(ascii: "r"): buffer.append(0x0D)
            case UInt8(ascii: "b"): buffer.append(0x08)
            case UInt8(ascii: "f"): buffer.append(0x0C)
            case UInt8(ascii: "u"): appendUnit(inside, &index, to: buffer)
            default: buffer.append(escape)
            }
        }
    }

    /// The code point of `\uXXXX` (and of the second half that may follow) as UTF-8.
    private static func appendUnit(
        _ inside: UnsafeRawBufferPointer, _ index: inout Int, to buffer: UnsafeMutablePointer<sl_buffer>
    ) {
        guard let unit = unit(inside, index) else { return }
        index += 4
        var scalar = UInt32(unit)
        if unit & 0xFC00 == 0xD800, index + 1 < inside.count, inside[index] == UInt8(ascii: "\\"),
            inside[index + 1] == UInt8(ascii: "u"), let low = self.unit(inside, index + 2), low & 0xFC00 == 0xDC00
        {
            index += 6
            scalar = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
        }
        for byte in UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}")! { buffer.append(byte) }
    }

    private static func unit(_ inside: UnsafeRawBufferPointer, _ start: Int) -> UInt16? {
        guard start + 4 <= inside.count else { return nil }
        var unit: UInt16 = 0
        for index in start..<start + 4 {
            let digit = hexValue(inside[index])
            guard digit < 16 else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}

/// Finds the ends of JSON values, checking the grammar on the way.
struct TableScanner {
    private let text: UnsafeRawBufferPointer
    private var at = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { at >= text.count }
    var next: UInt8 { at < text.count ? text[at] : 0 }

    mutating func take() -> UInt8 {
        guard at < text.count else { return 0 }
        at += 1
        return text[at - 1]
    }

    mutating func skipSpace() {
        while at < text.count, text[at] == 0x20 || text[at] == 0x0A || text[at] == 0x0D || text[at] == 0x09 { at += 1 }
    }

    /// The text of the value that starts here; nil when it is none.
    mutating func value(depth: Int) -> UnsafeRawBufferPointer? {
        let start = at
        let isWhole: Bool
        switch next {
        case UInt8(ascii: "\""): isWhole = string()
        case UInt8(ascii: "{"): isWhole = depth < TableText.depthMax && container(UInt8(ascii: "}"), depth)
        case UInt8(ascii: "["): isWhole = depth < TableText.depthMax && container(UInt8(ascii: "]"), depth)
        case UInt8(ascii: "t"): isWhole = word("true")
        case UInt8(ascii: "f"): isWhole = word("false")
        case UInt8(ascii: "n"): isWhole = word("null")
        default: isWhole = number()
        }
        return isWhole ? UnsafeRawBufferPointer(rebasing: text[start..<at]) : nil
    }

    private mutating func container(_ end: UInt8, _ depth: Int) -> Bool {
        at += 1
        skipSpace()
        if next == end {
            at += 1
            return true
        }
        while true {
            skipSpace()
            if end == UInt8(ascii: "}") {
                guard next == UInt8(ascii: "\""), string() else { return false }
                skipSpace()
                guard take() == UInt8(ascii: ":") else { return false }
                skipSpace()
            }
            guard value(depth: depth + 1) != nil else { return false }
            skipSpace()
            let byte = take()
            if byte == end { return true }
            guard byte == UInt8(ascii: ",") else { return false }
        }
    }

    private mutating func string() -> Bool {
        at += 1
        while at < text.count {
            let byte = text[at]
            at += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\") {
                guard at < text.count else { return false }
                let escape = text[at]
                at += 1
                if escape == UInt8(ascii: "u") {
                    guard at + 4 <= text.count, text[at..<at + 4].allSatisfy({ hexValue($0) < 16 }) else { return false }
                    at += 4
                } else if !"\"\\/bfnrt".utf8.contains(escape) {
                    return false
                }
            } else if byte < 0x20 {
                return false
            }
        }
        return false
    }

    private mutating func word(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard at + count <= text.count else { return false }
        // SAFETY: both sides have `count` bytes.
        let bytes = UnsafeRawBufferPointer(start: word.utf8Start, count: count)
        guard text[at..<at + count].elementsEqual(bytes) else { return false }
        at += count
        return true
    }

    private mutating func number() -> Bool {
        if next == UInt8(ascii: "-") { at += 1 }
        if next == UInt8(ascii: "0") { at += 1 } else if !digits() { return false }
        if next == UInt8(ascii: ".") {
            at += 1
            if !digits() { return false }
        }
        if next | 0x20 == UInt8(ascii: "e") {
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            if !digits() { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = at
        while at < text.count, text[at] &- 0x30 < 10 { at += 1 }
        return at > start
    }
}
