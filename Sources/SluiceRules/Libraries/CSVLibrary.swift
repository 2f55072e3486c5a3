import CSluice

/// `csv`: one row of comma-separated values.
enum CSVLibrary {
    static let functions: [HostFunction] = [
        HostFunction(
            "csv", "parse",
            [
                HostParameter("row", .string, "one row; its line end does not count"),
                .optional("delimiter", .string, "one character, by default `,`"),
                .optional("columns", .table, type: "string[]", "names: the result is a table by name instead of a list"),
            ],
            returns: [HostResult("fields", "string[]|table<string, string>|nil", "texts, nothing is converted"), .reason],
            "The fields of one row (RFC 4180).",
            notes: "With names, fields beyond the last name are left out and names beyond the last field are absent.",
            example: #"local row = csv.parse(event.message, ";", { "user", "action", "seconds" })"#, body: parse),
        HostFunction(
            "csv", "encode",
            [
                HostParameter("fields", .table, type: "any[]", "a list of texts, numbers and booleans; `null` is an empty field"),
                .optional("delimiter", .string, "one character, by default `,`"),
            ], returns: [HostResult("row", "string", "without line end")],
            "One row from a list of values, in quotes where needed.",
            example: #"event.message = csv.encode{ event.user, event.action, event.seconds }"#, body: encode),
    ]

    private static func delimiter(_ call: HostCall, of name: String) -> UInt8? {
        guard call.has(1) else { return UInt8(ascii: ",") }
        let text = call.bytes(1)
        guard text.count == 1, text[0] != UInt8(ascii: "\""), text[0] != 0x0A, text[0] != 0x0D else {
            call.failArgument(1, of: name, "one character expected, got `\(call.string(1))`")
            return nil
        }
        return text[0]
    }

    private static func parse(_ call: HostCall, _ context: HostContext) {
        guard let delimiter = delimiter(call, of: "csv.parse") else { return }
        var index = 0
        let row = CSVRow(call.bytes(0), delimiter: delimiter, at: &index)
        if !row.isClosed { return call.refuse("a quote is not closed") }
        let start = call.textStart
        if call.has(2) {
            guard var columns = TableReader(call.bytes(2)), columns.isArray else {
                return call.failArgument(2, of: "csv.parse", "list of names expected, got a table")
            }
            var writer = TableWriter(call.scratch)
            var name = sl_buffer()
            defer { sl_buffer_destroy(&name) }
            for field in row.fields {
                guard let column = columns.next() else { break }
                name.length = 0
                column.value.appendText(to: &name)
                // SAFETY: the name's buffer is not written to while it is read.
                writer.key(UnsafeRawBufferPointer(start: name.bytes, count: name.length))
                field.withUnsafeBytes { call.scratch.appendLiteral($0) }
            }
            writer.end()
        } else {
            call.scratch.append(UInt8(ascii: "["))
            for (index, field) in row.fields.enumerated() {
                if index > 0 { call.scratch.append(UInt8(ascii: ",")) }
                field.withUnsafeBytes { call.scratch.appendLiteral($0) }
            }
            call.scratch.append(UInt8(ascii: "]"))
        }
        call.pushTable(from: start)
    }

    private static func encode(_ call: HostCall, _ context: HostContext) {
        guard let delimiter = delimiter(call, of: "csv.encode") else { return }
        guard var reader = TableReader(call.bytes(0)), reader.isArray || call.bytes(0).elementsEqual("{}".utf8) else {
            return call.failArgument(0, of: "csv.encode", "list expected, got a table with names")
        }
        let start = call.textStart
        var text = sl_buffer()
        defer { sl_buffer_destroy(&text) }
        var isFirst = true
        while let item = reader.next() {
            if !isFirst { call.scratch.append(delimiter) }
            isFirst = false
            if item.value.isNull { continue }
            text.length = 0
            item.value.appendText(to: &text)
            // SAFETY: `text` is another buffer than the one written to.
            CSVRow.append(UnsafeRawBufferPointer(start: text.bytes, count: text.length), delimiter: delimiter, to: call.scratch)
        }
        call.pushText(from: start)
    }
}
