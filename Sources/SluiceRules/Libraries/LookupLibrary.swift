import CSluice

/// `lookup`: tables from files beside the rule.
enum LookupLibrary {
    static let functions: [HostFunction] = [
        HostFunction(
            "lookup", "csv",
            [
                path, HostParameter("key", .string, "name of the column to look up by"),
                .repeated("value", .string, "names of the columns to answer; without any, all others"),
            ],
            returns: [
                HostResult("table", "table<string, string|table<string, string>>", "by key: the value, or a table of several")
            ],
            "A table from a CSV file whose first row names the columns.",
            notes: "With one value column the entries are texts, otherwise tables by column name. The last row of a key counts. "
                + loading,
            example: #"local team_of = lookup.csv("teams.csv", "appname", "team")"#, body: csv),
        HostFunction(
            "lookup", "json", [path], returns: [HostResult("table", "table", "the object or array")],
            "A table from a JSON file that holds one object or array.", notes: loading,
            example: #"local settings = lookup.json("settings.json")"#, body: json),
        HostFunction(
            "lookup", "lines", [path], returns: [HostResult("set", "table<string, true>", "true for each line")],
            "A set from a text file: one entry a line.",
            notes: "Blanks around a line do not count; empty lines and lines that start with `#` are skipped. " + loading,
            example: #"local blocked = lookup.lines("blocked.txt")"#, body: lines),
        HostFunction(
            "lookup", "cidr",
            [
                path, .optional("key", .string, "name of the column with the networks, by default the first column"),
                .repeated("value", .string, "names of the columns to answer; without any, all others"),
            ],
            returns: [.finder],
            "A table from a CSV file of networks that is indexed with an address and answers for the narrowest network around it.",
            notes: "With one value column the entries are texts, otherwise tables by column name. " + loading,
            example: #"local site_of = lookup.cidr("sites.csv", "network", "site")"#, body: cidr),
        HostFunction(
            "lookup", "find",
            [HostParameter("handle", .integer, "what `lookup.cidr` or `ip.networks` answered"), .optional("address", .any, "")],
            returns: [HostResult("value", "any", "")], "The value of the narrowest network around an address.", example: "",
            isHidden: true
        ) { call, context in
            let handle = Int(call.integer(0))
            guard context.networkTables.indices.contains(handle) else { return call.pushNil() }
            if let address = IPAddress(call.bytes(1)) { context.networkTables[handle].find(address) { call.push(json: $0) } }
            if call.raw.pointee.result_count == 0 { call.pushNil() }
        },
    ]

    private static let path = HostParameter("path", .string, "file below the rule's folder")
    private static let loading = "Files are read while the rule loads; a change of the file reloads the rule."

    // MARK: - Files

    /// Answers the calling rule with what `make` makes of the file that it names; the text of a table is written to the call's
    /// scratch and taken from there.
    private static func answer(
        _ call: HostCall, _ context: HostContext, _ function: String, _ make: ([UInt8]) -> RuleFiles.Table
    ) {
        guard context.isLoading else {
            return call.fail(
                "\(function) reads a file and works while the rule loads only; call it at the top of the rule and keep the table")
        }
        let folder = context.rules[call.rule].folder
        let name = call.string(0)
        let key = RuleFiles.TableKey(
            function: function, path: folder + "/" + name,
            options: (1..<max(1, call.count)).map { call.has($0) ? call.string($0) : nil })
        switch context.files.table(key, of: name, in: LookupFolder(path: folder), make) {
        case .fault(let message): call.fail(message)
        case .networks(let table): context.push(table, call)
        case .json(let text):
            let start = call.textStart
            text.withUnsafeBytes { call.scratch.append($0) }
            call.pushTable(from: start)
        }
    }

    /// What `write` writes, as a table; or the fault that it answers.
    private static func text(_ write: (UnsafeMutablePointer<sl_buffer>) -> String?) -> RuleFiles.Table {
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        if let fault = write(&buffer) { return .fault(fault) }
        return .json(Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length)))
    }

    private static func json(_ call: HostCall, _ context: HostContext) {
        answer(call, context, "lookup.json") { bytes in
            let isValid = bytes.withUnsafeBytes { TableText.isValid($0) }
            return isValid ? .json(bytes) : .fault("lookup.json: `\(call.string(0))` is no JSON object or array")
        }
    }

    private static func lines(_ call: HostCall, _ context: HostContext) {
        answer(call, context, "lookup.lines") { bytes in
            text { buffer in
                var writer = TableWriter(buffer)
                for line in bytes.split(separator: 0x0A) {
                    guard let first = line.firstIndex(where: { !isBlank($0) }), let last = line.lastIndex(where: { !isBlank($0) }),
                        line[first] != UInt8(ascii: "#")
                    else { continue }
                    line[first...last].withUnsafeBytes { writer.key($0) }
                    buffer.append("true")
                }
                writer.end()
                return nil
            }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private static func csv(_ call: HostCall, _ context: HostContext) {
        answer(call, context, "lookup.csv") { bytes in
            text { buffer in
                var writer = TableWriter(buffer)
                let fault = eachRow(bytes, call, "lookup.csv", key: call.string(1), from: 2) { key, write in
                    key.withUnsafeBytes { writer.key($0) }
                    write(buffer)
                    return nil
                }
                writer.end()
                return fault
            }
        }
    }

    private static func cidr(_ call: HostCall, _ context: HostContext) {
        answer(call, context, "lookup.cidr") { bytes in
            let table = NetworkTable()
            var value = sl_buffer()
            defer { sl_buffer_destroy(&value) }
            let fault = eachRow(bytes, call, "lookup.cidr", key: call.has(1) ? call.string(1) : nil, from: 2) { key, write in
                guard let network = key.withUnsafeBytes({ IPNetwork($0) }) else {
                    return "`\(String(decoding: key, as: UTF8.self))` is no network such as `10.0.0.0/8`"
                }
                value.length = 0
                write(&value)
                // SAFETY: the table copies the value.
                table.insert(network, value: UnsafeRawBufferPointer(start: value.bytes, count: value.length))
                return nil
            }
            return fault.map { .fault($0) } ?? .networks(table)
        }
    }

    /// Calls `body` for each row behind the header with the key and a function that writes the row's value as JSON; answers
    /// what is wrong with the file, or nil.
    private static func eachRow(
        _ bytes: [UInt8], _ call: HostCall, _ function: String, key: String?, from firstValue: Int,
        _ body: ([UInt8], (UnsafeMutablePointer<sl_buffer>) -> Void) -> String?
    ) -> String? {
        bytes.withUnsafeBytes { text in
            let name = call.string(0)
            var index = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            let header = CSVRow(text, delimiter: UInt8(ascii: ","), at: &index).fields
            let columns = header.map { String(decoding: $0, as: UTF8.self) }
            func column(_ wanted: String) -> Int? { columns.firstIndex(of: wanted) }
            func missing(_ wanted: String) -> String {
                "\(function): `\(name)` has no column `\(wanted)`; it has \(columns.map { "`\($0)`" }.joined(separator: ", "))"
            }
            guard let keyColumn = key.map({ column($0) }) ?? 0 else { return missing(key ?? "") }
            var values: [Int] = []
            for argument in firstValue..<max(firstValue, call.count) where call.has(argument) {
                guard let place = column(call.string(argument)) else { return missing(call.string(argument)) }
                values.append(place)
            }
            let isSingle = values.count == 1
            if values.isEmpty { values = header.indices.filter { $0 != keyColumn } }
            var rowNumber = 1
            while index < text.count {
                rowNumber += 1
                let row = CSVRow(text, delimiter: UInt8(ascii: ","), at: &index)
                if row.fields == [[]] { continue }
                if !row.isClosed { return "\(function): row \(rowNumber) of `\(name)` has a quote that is not closed" }
                guard keyColumn < row.fields.count else {
                    return
                        "\(function): row \(rowNumber) of `\(name)` has \(row.fields.count) fields and no `\(columns[keyColumn])`"
                }
                let fault = body(row.fields[keyColumn]) { write(row.fields, values, header, isSingle: isSingle, to: $0) }
                if let fault { return "\(function): row \(rowNumber) of `\(name)`: \(fault)" }
            }
            return nil
        }
    }

    private static func write(
        _ fields: [[UInt8]], _ values: [Int], _ header: [[UInt8]], isSingle: Bool, to buffer: UnsafeMutablePointer<sl_buffer>
    ) {
        if isSingle {
            return (values[0] < fields.count ? fields[values[0]] : []).withUnsafeBytes { buffer.appendLiteral($0) }
        }
        var writer = TableWriter(buffer)
        for place in values where place < fields.count {
            header[place].withUnsafeBytes { writer.key($0) }
            fields[place].withUnsafeBytes { buffer.appendLiteral($0) }
        }
        writer.end()
    }
}
