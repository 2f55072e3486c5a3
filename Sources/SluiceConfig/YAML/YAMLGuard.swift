/// What must not reach the YAML library: references inside of keys, whose comparison takes exponential time.
///
/// References in values cost nothing until they are followed, and ``YAMLConversion`` counts what it follows.
enum YAMLGuard {
    /// References that a file may have.
    static let aliasesMax = 1_000

    /// The first fault of a text.
    static func fault(in source: ConfigSource) -> (code: ConfigError.Code, message: String, place: ConfigPlace)? {
        var aliases = 0
        var complexKey: ConfigPlace?
        for (index, line) in source.lines.enumerated() {
            let scalars = Array(line.unicodeScalars)
            var quotedEnd = -1
            for (column, scalar) in scalars.enumerated() where column > quotedEnd {
                let before = column == 0 ? " " : scalars[column - 1]
                let after = column + 1 < scalars.count ? scalars[column + 1] : " "
                let place = ConfigPlace(source, line: index + 1, column: column + 1)
                switch scalar {
                case "\"", "'": quotedEnd = end(ofQuoted: scalars, from: column) ?? column
                case "#" where isBlank(before): break
                case "*" where isOpening(before) && !isBlank(after):
                    aliases += 1
                    if aliases > aliasesMax {
                        return (.tooLarge, "more than \(aliasesMax) references (`*name`) in one file; write the values out", place)
                    }
                    let name = scalars[(column + 1)...].prefix {
                        $0 == "_" || $0 == "-" || $0.properties.isAlphabetic || $0.properties.numericType != nil
                    }
                    let behind = scalars[name.endIndex...].drop(while: isBlank)
                    if behind.first == ":" { complexKey = complexKey ?? place }
                case "?" where isOpening(before) && isBlank(after): complexKey = complexKey ?? place
                case "]", "}":
                    let behind = scalars[(column + 1)...].drop(while: isBlank)
                    if behind.first == ":" { complexKey = complexKey ?? place }
                default: break
                }
            }
        }
        guard aliases > 0, let complexKey else { return nil }
        return (.malformed, "a key that is not a plain text, in a file with references (`*name`); write the key out", complexKey)
    }

    /// The closing quote of a quoted text that begins at `start` and ends on the line: what looks like a key in it is text.
    ///
    /// Where it is not certain that a quoted text begins (at the start of a line, behind an anchor or a dash), none does.
    private static func end(ofQuoted line: [Unicode.Scalar], from start: Int) -> Int? {
        let before = line[..<start]
        guard before.last.map({ isOpening($0) }) ?? false, let sign = before.last(where: { !isBlank($0) }),
            ":,[{".unicodeScalars.contains(sign)
        else { return nil }
        var index = start + 1
        while index < line.count {
            let isPair = line[start] == "'" && line[index] == "'" && index + 1 < line.count && line[index + 1] == "'"
            if isPair || line[start] == "\"" && line[index] == "\\" {
                index += 1
            } else if line[index] == line[start] {
                return index
            }
            index += 1
        }
        return nil
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

    private static func isOpening(_ scalar: Unicode.Scalar) -> Bool {
        isBlank(scalar) || scalar == "[" || scalar == "{" || scalar == ","
    }
}
