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
            for (column, scalar) in scalars.enumerated() {
                let before = column == 0 ? " " : scalars[column - 1]
                let after = column + 1 < scalars.count ? scalars[column + 1] : " "
                let place = ConfigPlace(source, line: index + 1, column: column + 1)
                switch scalar {
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

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

    private static func isOpening(_ scalar: Unicode.Scalar) -> Bool {
        isBlank(scalar) || scalar == "[" || scalar == "{" || scalar == ","
    }
}
