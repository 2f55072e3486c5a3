import CSluice

/// `url`: parts of URLs, percent encoding, queries.
enum URLLibrary {
    static let functions: [HostFunction] = [
        HostFunction(
            "url", "parse", [HostParameter("text", .string, "a URL or relative reference")],
            returns: [
                HostResult(
                    "parts",
                    "{scheme?: string, user?: string, password?: string, host?: string, port?: integer, path: string, query?: string, fragment?: string}|nil",
                    "the parts that are there"), .reason,
            ], "The parts of a URL (RFC 3986).",
            notes: "Scheme and host come in lower case, everything else as written: `url.decode` and `url.parse_query` go on "
                + "from there. The host of an IPv6 literal comes without brackets. Nothing is filled in, not even the port.",
            example: #"local parts = url.parse(event.referer); event.referer_host = parts and parts.host"#, body: parse),
        HostFunction(
            "url", "encode",
            [
                HostParameter("text", .string, "any bytes"),
                .optional("keep", .string, "further characters to leave as they are, such as `/`"),
            ], returns: [HostResult("encoded", "string", "")],
            "Percent encoding of a text: everything but letters, digits and `-._~`.",
            example: #"event.link = "https://wiki/search?q=" .. url.encode(event.message)"#
        ) { call, _ in
            let start = call.textStart
            encode(call.bytes(0), keep: call.bytes(1), to: call.scratch)
            call.pushText(from: start)
        },
        HostFunction(
            "url", "decode", [HostParameter("text", .string, "percent-encoded text")],
            returns: [HostResult("decoded", "string", "any bytes")], "The bytes that percent-encoded text stands for.",
            notes: "`%` without two hexadecimal digits and `+` stay as they are.",
            example: #"event.path = url.decode(event.path)"#
        ) { call, _ in
            let start = call.textStart
            decode(call.bytes(0), plusIsBlank: false, to: call.scratch)
            call.pushText(from: start)
        },
        HostFunction(
            "url", "parse_query", [HostParameter("query", .string, "`a=1&b=2`, a leading `?` is skipped")],
            returns: [HostResult("values", "table<string, string|string[]>", "decoded; a list for a name that is repeated")],
            "The names and values of a query.",
            notes: "`+` is a blank, `;` separates nothing, a name without `=` has an empty value.",
            example: #"event.search = url.parse_query(parts.query or "").q"#, body: parseQuery),
        HostFunction(
            "url", "build_query",
            [HostParameter("values", .table, type: "table<string, any>", "a list is written as a repeated name")],
            returns: [HostResult("query", "string", "without `?`, in the order of the names")], "A query from names and values.",
            example: #"event.link = "https://wiki/search?" .. url.build_query{ q = event.message, page = 1 }"#, body: buildQuery),
    ]

    // MARK: - Percent encoding

    static func encode(_ text: UnsafeRawBufferPointer, keep: UnsafeRawBufferPointer, to buffer: UnsafeMutablePointer<sl_buffer>) {
        for byte in text {
            if isUnreserved(byte) || (byte != UInt8(ascii: "%") && keep.contains(byte)) {
                buffer.append(byte)
            } else {
                buffer.append(UInt8(ascii: "%"))
                buffer.append(upperHexDigit(byte >> 4))
                buffer.append(upperHexDigit(byte & 15))
            }
        }
    }

    static func decode(_ text: UnsafeRawBufferPointer, plusIsBlank: Bool, to buffer: UnsafeMutablePointer<sl_buffer>) {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "%"), index + 2 < text.count, hexValue(text[index + 1]) < 16, hexValue(text[index + 2]) < 16 {
                buffer.append(hexValue(text[index + 1]) << 4 | hexValue(text[index + 2]))
                index += 3
                continue
            }
            buffer.append(plusIsBlank && byte == UInt8(ascii: "+") ? 0x20 : byte)
            index += 1
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
    }

    private static func upperHexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x37 &+ value }

    // MARK: - Parts

    private static func parse(_ call: HostCall, _ context: HostContext) {
        let url: URLReference
        do throws(URLReference.Fault) { url = try URLReference(call.bytes(0)) } catch { return call.refuse(error.reason) }
        let start = call.textStart
        var writer = TableWriter(call.scratch)
        if let scheme = url.scheme { writer.lowered("scheme", scheme) }
        if let user = url.user { writer.text("user", user) }
        if let password = url.password { writer.text("password", password) }
        if let host = url.host { writer.lowered("host", host) }
        if let port = url.port { writer.integer("port", Int64(port)) }
        writer.text("path", url.path)
        if let query = url.query { writer.text("query", query) }
        if let fragment = url.fragment { writer.text("fragment", fragment) }
        writer.end()
        call.pushTable(from: start)
    }

    // MARK: - Queries

    private static func parseQuery(_ call: HostCall, _ context: HostContext) {
        var text = call.bytes(0)
        if text.first == UInt8(ascii: "?") { text = UnsafeRawBufferPointer(rebasing: text.dropFirst()) }
        var order: [[UInt8]] = []
        var values: [[UInt8]: [[UInt8]]] = [:]
        for pair in text.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let name = decoded(pair[..<equals])
            if values[name] == nil { order.append(name) }
            values[name, default: []].append(decoded(pair[equals...].dropFirst()))
        }
        let start = call.textStart
        var writer = TableWriter(call.scratch)
        for name in order {
            let list = values[name] ?? []
            name.withUnsafeBytes { writer.key($0) }
            if list.count > 1 { call.scratch.append(UInt8(ascii: "[")) }
            for (index, value) in list.enumerated() {
                if index > 0 { call.scratch.append(UInt8(ascii: ",")) }
                value.withUnsafeBytes { call.scratch.appendLiteral($0) }
            }
            if list.count > 1 { call.scratch.append(UInt8(ascii: "]")) }
        }
        writer.end()
        call.pushTable(from: start)
    }

    private static func decoded(_ part: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        decode(UnsafeRawBufferPointer(rebasing: part), plusIsBlank: true, to: &buffer)
        // SAFETY: the buffer holds `length` bytes and is copied before it goes.
        return Array(UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.length))
    }

    private static func buildQuery(_ call: HostCall, _ context: HostContext) {
        guard var reader = TableReader(call.bytes(0)), !reader.isArray else {
            return call.failArgument(0, of: "url.build_query", "table of names and values expected, got a list")
        }
        let start = call.textStart
        while let item = reader.next() {
            if item.value.isTable {
                guard var list = TableReader(item.value.text), list.isArray else {
                    return call.failArgument(
                        0, of: "url.build_query",
                        "a value is text, number, boolean or list; `\(TableValue(key: item.key).string)` is a table")
                }
                while let element = list.next() { append(item.key, element.value, from: start, call.scratch) }
            } else if !item.value.isNull {
                append(item.key, item.value, from: start, call.scratch)
            }
        }
        call.pushText(from: start)
    }

    private static func append(
        _ key: UnsafeRawBufferPointer, _ value: TableValue, from start: Int, _ buffer: UnsafeMutablePointer<sl_buffer>
    ) {
        var text = sl_buffer()
        defer { sl_buffer_destroy(&text) }
        if buffer.pointee.length > start { buffer.append(UInt8(ascii: "&")) }
        let keep = UnsafeRawBufferPointer(start: nil, count: 0)
        TableText.unescape(key, to: &text)
        // SAFETY: `text` is only read here; it is another buffer than the one written to.
        encode(UnsafeRawBufferPointer(start: text.bytes, count: text.length), keep: keep, to: buffer)
        buffer.append(UInt8(ascii: "="))
        text.length = 0
        value.appendText(to: &text)
        encode(UnsafeRawBufferPointer(start: text.bytes, count: text.length), keep: keep, to: buffer)
    }
}
