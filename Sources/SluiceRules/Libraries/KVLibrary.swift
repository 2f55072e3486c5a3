import CSluice

/// `kv`: pairs such as `user=bob action="log in"`.
enum KVLibrary {
    static let functions: [HostFunction] = [
        HostFunction(
            "kv", "parse",
            [
                HostParameter("text", .string, "text with pairs in it"), pairSeparator, valueSeparator,
            ], returns: [HostResult("values", "table<string, string>", "texts, nothing is converted")],
            "The pairs of a text such as `user=bob action=\"log in\"`.",
            notes: "Words without a separator are left out. Values may stand in `\"` or `'`, with `\\` before a quote. Of "
                + "pairs with the same name the last counts. Blanks around pairs do not count.",
            example: #"local pairs_of = kv.parse(event.message); event.user = pairs_of.user"#, body: parse),
        HostFunction(
            "kv", "encode",
            [HostParameter("values", .table, type: "table<string, any>", "names and values"), pairSeparator, valueSeparator],
            returns: [HostResult("text", "string", "in the order of the names")],
            "Text with the pairs of a table, values in quotes where needed.", notes: "Nested tables are written as JSON.",
            example: #"event.message = kv.encode{ user = event.user, action = "log in" }"#, body: encode),
    ]

    private static let pairSeparator = HostParameter.optional("pair_separator", .string, "between pairs, by default a blank")
    private static let valueSeparator = HostParameter.optional(
        "value_separator", .string, "between name and value, by default `=`")

    /// The two separators; fails the call when one is empty or both are the same.
    private static func separators(_ call: HostCall, of name: String) -> (
        pair: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    )? {
        let blank: StaticString = " "
        let equals: StaticString = "="
        // SAFETY: static strings live for ever.
        let pair = call.has(1) ? call.bytes(1) : UnsafeRawBufferPointer(start: blank.utf8Start, count: 1)
        let value = call.has(2) ? call.bytes(2) : UnsafeRawBufferPointer(start: equals.utf8Start, count: 1)
        for (index, separator) in [(1, pair), (2, value)] where separator.isEmpty {
            call.failArgument(index, of: name, "a separator is not empty")
            return nil
        }
        if pair.elementsEqual(value) {
            call.failArgument(2, of: name, "the separators differ, got `\(call.string(2))` for both")
            return nil
        }
        return (pair, value)
    }

    private static func parse(_ call: HostCall, _ context: HostContext) {
        guard let (pair, value) = separators(call, of: "kv.parse") else { return }
        let start = call.textStart
        var writer = TableWriter(call.scratch)
        var scanner = PairScanner(text: call.bytes(0), pairSeparator: pair, valueSeparator: value)
        var unescaped = sl_buffer()
        defer { sl_buffer_destroy(&unescaped) }
        while let found = scanner.next() {
            writer.key(found.name)
            guard found.hasEscapes else {
                call.scratch.appendLiteral(found.value)
                continue
            }
            unescaped.length = 0
            PairScanner.unescape(found.value, to: &unescaped)
            // SAFETY: `unescaped` is another buffer than the one written to.
            call.scratch.appendLiteral(UnsafeRawBufferPointer(start: unescaped.bytes, count: unescaped.length))
        }
        writer.end()
        call.pushTable(from: start)
    }

    private static func encode(_ call: HostCall, _ context: HostContext) {
        guard let (pair, separator) = separators(call, of: "kv.encode") else { return }
        guard var reader = TableReader(call.bytes(0)), !reader.isArray else {
            return call.failArgument(0, of: "kv.encode", "table of names and values expected, got a list")
        }
        let start = call.textStart
        var text = sl_buffer()
        defer { sl_buffer_destroy(&text) }
        while let item = reader.next() {
            if call.textStart > start { call.scratch.append(pair) }
            TableText.unescape(item.key, to: call.scratch)
            call.scratch.append(separator)
            text.length = 0
            item.value.appendText(to: &text)
            // SAFETY: `text` is another buffer than the one written to.
            append(UnsafeRawBufferPointer(start: text.bytes, count: text.length), pair, separator, to: call.scratch)
        }
        call.pushText(from: start)
    }

    private static func append(
        _ value: UnsafeRawBufferPointer, _ pair: UnsafeRawBufferPointer, _ separator: UnsafeRawBufferPointer,
        to buffer: UnsafeMutablePointer<sl_buffer>
    ) {
        let needsQuotes =
            value.isEmpty
            || value.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\\") }
            || PairScanner.range(of: pair, in: value, from: 0) != nil
            || PairScanner.range(of: separator, in: value, from: 0) != nil
        if !needsQuotes { return buffer.append(value) }
        buffer.append(UInt8(ascii: "\""))
        for byte in value {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                buffer.append(UInt8(ascii: "\\"))
                buffer.append(byte)
            case 0x0A: buffer.append("\\n")
            case 0x0D: buffer.append("\\r")
            case 0x09: buffer.append("\\t")
            default: buffer.append(byte)
            }
        }
        buffer.append(UInt8(ascii: "\""))
    }
}

/// Finds name and value of each pair in a text.
struct PairScanner {
    let text: UnsafeRawBufferPointer
    let pairSeparator: UnsafeRawBufferPointer
    let valueSeparator: UnsafeRawBufferPointer
    private var at = 0

    init(text: UnsafeRawBufferPointer, pairSeparator: UnsafeRawBufferPointer, valueSeparator: UnsafeRawBufferPointer) {
        self.text = text
        self.pairSeparator = pairSeparator
        self.valueSeparator = valueSeparator
    }

    /// One pair: ranges of the text.
    struct Pair {
        let name: UnsafeRawBufferPointer
        let value: UnsafeRawBufferPointer
        let hasEscapes: Bool
    }

    /// The next pair; nil at the end.
    mutating func next() -> Pair? {
        while true {
            skipSeparators()
            guard at < text.count else { return nil }
            let end = Self.range(of: pairSeparator, in: text, from: at) ?? text.count
            guard let equals = Self.range(of: valueSeparator, in: text, from: at), equals < end else {
                at = end
                continue
            }
            let name = Self.trimmed(text, at, equals)
            at = equals + valueSeparator.count
            let value = takeValue()
            if !name.isEmpty { return Pair(name: name, value: value.text, hasEscapes: value.hasEscapes) }
        }
    }

    private mutating func skipSeparators() {
        while at < text.count {
            if text[at] == 0x20 || text[at] == 0x09 {
                at += 1
            } else if Self.starts(text, at, pairSeparator) {
                at += pairSeparator.count
            } else {
                return
            }
        }
    }

    private mutating func takeValue() -> (text: UnsafeRawBufferPointer, hasEscapes: Bool) {
        if at < text.count, text[at] == UInt8(ascii: "\"") || text[at] == UInt8(ascii: "'") {
            let quote = text[at]
            var index = at + 1
            var hasEscapes = false
            while index < text.count, text[index] != quote {
                if text[index] == UInt8(ascii: "\\") {
                    hasEscapes = true
                    index += 1
                }
                index += 1
            }
            if index < text.count {
                let value = UnsafeRawBufferPointer(rebasing: text[(at + 1)..<index])
                at = index + 1
                return (value, hasEscapes)
            }
        }
        let end = Self.range(of: pairSeparator, in: text, from: at) ?? text.count
        let value = Self.trimmed(text, at, end)
        at = end
        return (value, false)
    }

    /// Writes the bytes of a value in quotes: `\n`, `\r`, `\t` and any escaped character.
    static func unescape(_ value: UnsafeRawBufferPointer, to buffer: UnsafeMutablePointer<sl_buffer>) {
        var index = 0
        while index < value.count {
            var byte = value[index]
            if byte == UInt8(ascii: "\\"), index + 1 < value.count {
                index += 1
                switch value[index] {
                case UInt8(ascii: "n"): byte = 0x0A
                case UInt8(ascii: "r"): byte = 0x0D
                case UInt8(ascii: "t"): byte = 0x09
                default: byte = value[index]
                }
            }
            buffer.append(byte)
            index += 1
        }
    }

    /// Where `part` lies in `text` from `start` on.
    static func range(of part: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        while index + part.count <= text.count {
            if starts(text, index, part) { return index }
            index += 1
        }
        return nil
    }

    @inline(__always) private static func starts(_ text: UnsafeRawBufferPointer, _ at: Int, _ part: UnsafeRawBufferPointer)
        -> Bool
    {
        guard at + part.count <= text.count, text[at] == part[0] else { return false }
        return part.count == 1 || text[at..<at + part.count].elementsEqual(part)
    }

    private static func trimmed(_ text: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        var (start, end) = (start, end)
        while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
        while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<end])
    }
}
