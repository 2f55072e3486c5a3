internal import SluiceConfig

extension CSVDialect {
    /// The declared options.
    static let options: [OptionSpec] = [
        OptionSpec("delimiter", .character, default: ",", "the character between fields", example: ";"),
        OptionSpec(
            "delimiters", .text, "characters any of which stands between fields; instead of `delimiter`", example: ";|\\t"),
        OptionSpec(
            "quote", .text, default: "\"", "the character around fields that hold delimiters; `none` makes quotes data",
            example: "'"),
        OptionSpec(
            "escape", .choice(Escape.allCases.map(\.rawValue)), default: "double",
            "how quotes are written inside quotes: twice, behind a backslash, or with C's escape sequences",
            example: "backslash"),
        OptionSpec("columns", .list, "names of the columns; without them `c1`, `c2`, …", example: "time,user,action"),
        OptionSpec(
            "header", .boolean, default: "false", "the first record of each file names the columns", example: "true"),
        OptionSpec(
            "greedy", .boolean, default: "false", "the last column takes the rest of the record, delimiters included",
            example: "true"),
        OptionSpec(
            "strip", .boolean, default: "false", "take blanks around fields off, outside of quotes", example: "true"),
        OptionSpec("null_value", .text, "text that stands for an empty field", example: "NULL"),
    ]

    /// The dialect that checked options describe.
    init(_ values: OptionValues) throws(ConfigError) {
        self.init()
        if let delimiter = values.character("delimiter") { delimiters = [delimiter] }
        if let several = values.text("delimiters") {
            delimiters = try Self.characters(several, of: "delimiters")
            if values.isSet("delimiter") {
                throw ConfigError(.invalidValue, "format `csv` takes `delimiter` or `delimiters`, not both")
            }
        }
        let quoted = values.text("quote") ?? "\""
        if quoted == "none" {
            quote = nil
        } else {
            let characters = try Self.characters(quoted, of: "quote")
            guard characters.count == 1 else {
                throw ConfigError(
                    .invalidValue, "`\(quoted)` is no value for `quote` of format `csv`; it takes one ASCII character or `none`")
            }
            quote = characters[0]
        }
        if let quote, delimiters.contains(quote) {
            throw ConfigError(.invalidValue, "`quote` and the delimiter of format `csv` are the same; they must differ")
        }
        escape = Escape(rawValue: values.text("escape") ?? "double") ?? .double
        columns = values.list("columns") ?? []
        hasHeader = values.boolean("header")
        isGreedy = values.boolean("greedy")
        isStripped = values.boolean("strip")
        nullValue = values.text("null_value").map { Array($0.utf8) }
        if isGreedy, columns.isEmpty, !hasHeader {
            throw ConfigError(.missingOption, "`greedy` of format `csv` needs `columns` or `header=true`")
        }
    }

    /// ASCII characters, `\t`, `\0` and `\\` among them.
    private static func characters(_ text: String, of key: String) throws(ConfigError) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
                switch next {
                case UInt8(ascii: "t"): bytes.append(0x09)
                case UInt8(ascii: "0"): bytes.append(0)
                default: bytes.append(next)
                }
            } else {
                bytes.append(byte)
            }
        }
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 < 0x80 && $0 != 0x0A && $0 != 0x0D }) else {
            throw ConfigError(
                .invalidValue, "`\(text)` is no value for `\(key)` of format `csv`; it takes ASCII characters (`\\t` for a tab)")
        }
        return bytes
    }
}
