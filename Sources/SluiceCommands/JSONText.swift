/// JSON for reports of the command line, which are small.
enum JSONText {
    /// A string literal.
    static func literal(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case "\t": literal += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }

    /// An object of members that are JSON already, in order.
    static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { literal($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
    }
}
