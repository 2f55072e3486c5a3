/// The table of dead letters, inside a transaction. Its totals are kept beside it, so that nobody has to count.
struct DeadLetters {
    let connection: Connection

    private static let columns =
        "id, time, rule, line, output, input, generation, error, traceback, also, event, raw, packed"

    /// Stores letters within the limit; answers how many had to go, or nil when they do not fit and nothing may go.
    func append(_ letters: [DeadLetter], _ limit: DeadLetterLimit) throws(StoreError) -> Int? {
        guard !letters.isEmpty else { return 0 }
        let more = letters.reduce(0) { $0 + $1.size }
        var held = try totals()
        var fitting = letters[...]
        if held.bytes + more > limit.bytesMax {
            switch limit.whenFull {
            case .block where held.count == 0: break  // What is larger than the limit by itself would wait for ever.
            case .block: return nil
            case .dropOldest:
                let before = held.count
                try dropOldest(&held, until: limit.bytesMax - more)
                fitting = DeadLetters.newest(letters, limit.bytesMax - held.bytes)
                try insert(fitting, &held)
                return before + letters.count - held.count
            }
        }
        try insert(fitting, &held)
        return 0
    }

    /// Letters that the query asks for, one page of them.
    func list(_ query: DeadLetterQuery) throws(StoreError) -> [DeadLetter] {
        var conditions: [String] = []
        var values: [Value] = []
        func only(_ condition: String, _ value: Value?) {
            guard let value else { return }
            conditions.append(condition)
            values.append(value)
        }
        only("id > ?", query.after.map { .integer($0) })
        only("id < ?", query.before.map { .integer($0) })
        only("rule = ?", query.rule.map { .text($0) })
        only("output = ?", query.output.map { .text($0) })
        only("time >= ?", query.since.map { .integer($0) })
        only("time < ?", query.until.map { .integer($0) })
        let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let order = query.newestFirst ? "DESC" : "ASC"
        values.append(.integer(Int64(min(max(query.limit, 0), DeadLetterQuery.lettersMax))))
        var letters: [DeadLetter] = []
        var bytes = 0
        try connection.rows(
            "SELECT \(DeadLetters.columns) FROM letters\(condition) ORDER BY id \(order) LIMIT ?", values
        ) { row throws(StoreError) in
            let letter = DeadLetters.letter(row)
            bytes += letter.size
            guard letters.isEmpty || bytes <= DeadLetterQuery.bytesMax else { return false }
            letters.append(letter)
            return true
        }
        return letters
    }

    /// One letter.
    func letter(_ id: Int64) throws(StoreError) -> DeadLetter? {
        try connection.first("SELECT \(DeadLetters.columns) FROM letters WHERE id = ?", [.integer(id)]) { DeadLetters.letter($0) }
    }

    /// How many there are.
    func totals() throws(StoreError) -> DeadLetterTotals {
        try connection.first("SELECT count, bytes FROM letter_totals") { DeadLetterTotals(count: $0.int(0), bytes: $0.int(1)) }
            ?? DeadLetterTotals()
    }

    /// Removes letters; answers what went.
    func remove(_ ids: some Sequence<Int64>) throws(StoreError) -> DeadLetterTotals {
        var held = try totals()
        let before = held
        for id in ids {
            guard let size = try connection.first("SELECT size FROM letters WHERE id = ?", [.integer(id)], { $0.int(0) }) else { continue }
            try connection.run("DELETE FROM letters WHERE id = ?", [.integer(id)])
            held.count -= 1
            held.bytes -= size
        }
        try save(held)
        return DeadLetterTotals(count: before.count - held.count, bytes: before.bytes - held.bytes)
    }

    /// Ids and sizes of the oldest letters before a moment (all for nil): at most `count` of them, `bytes` together or one.
    func oldest(before time: Int64?, count: Int, bytes: Int) throws(StoreError) -> [Int64] {
        var ids: [Int64] = []
        var sum = 0
        let condition = time == nil ? "" : "WHERE time < ? "
        try connection.rows(
            "SELECT id, size FROM letters \(condition)ORDER BY id LIMIT ?",
            (time.map { [.integer($0)] } ?? []) + [.integer(Int64(count))]
        ) { row throws(StoreError) in
            sum += row.int(1)
            guard ids.isEmpty || sum <= bytes else { return false }
            ids.append(row.integer(0))
            return true
        }
        return ids
    }

    private func dropOldest(_ held: inout DeadLetterTotals, until bytesMax: Int) throws(StoreError) {
        var last: Int64 = 0
        var left = held
        try connection.rows("SELECT id, size FROM letters ORDER BY id") { row throws(StoreError) in
            guard left.bytes > bytesMax else { return false }
            last = row.integer(0)
            left.count -= 1
            left.bytes -= row.int(1)
            return true
        }
        try connection.run("DELETE FROM letters WHERE id <= ?", [.integer(last)])
        held = left
    }

    private func insert(_ letters: ArraySlice<DeadLetter>, _ held: inout DeadLetterTotals) throws(StoreError) {
        for letter in letters {
            try connection.run(
                """
                INSERT INTO letters (time, size, rule, line, output, input, generation, error, traceback, also, event, raw, packed)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    .integer(letter.time), .integer(Int64(letter.size)), .optional(letter.rule), .optional(letter.line.map(Int64.init)),
                    .optional(letter.output), .text(letter.input), .integer(Int64(letter.generation)), .text(letter.error),
                    DeadLetters.lines(letter.traceback), DeadLetters.lines(letter.also), .bytes(letter.event),
                    letter.raw.map { .bytes($0) } ?? .null, .bytes(letter.packed),
                ])
            held.count += 1
            held.bytes += letter.size
        }
        try save(held)
    }

    private func save(_ totals: DeadLetterTotals) throws(StoreError) {
        try connection.run("UPDATE letter_totals SET count = ?, bytes = ?", [.integer(Int64(totals.count)), .integer(Int64(totals.bytes))])
    }

    /// The newest of these letters that have room together.
    private static func newest(_ letters: [DeadLetter], _ bytesMax: Int) -> ArraySlice<DeadLetter> {
        var bytes = 0
        var first = letters.endIndex
        while first > 0, bytes + letters[first - 1].size <= bytesMax {
            first -= 1
            bytes += letters[first].size
        }
        return letters[first...]
    }

    private static func letter(_ row: Row) -> DeadLetter {
        var letter = DeadLetter(
            time: row.integer(1), rule: row.optionalText(2), line: row.isNull(3) ? nil : row.int(3), output: row.optionalText(4),
            input: row.text(5), generation: row.int(6), error: row.text(7), traceback: lines(row, 8), also: lines(row, 9),
            event: row.bytes(10), raw: row.isNull(11) ? nil : row.bytes(11), packed: row.bytes(12))
        letter.id = row.integer(0)
        return letter
    }

    private static func lines(_ lines: [String]) -> Value {
        lines.isEmpty ? .null : .text(lines.joined(separator: "\n"))
    }

    private static func lines(_ row: Row, _ column: Int32) -> [String] {
        guard let text = row.optionalText(column) else { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    }
}
