/// JSON for reports and schemas, which are small.
package enum JSONText {
    /// A string literal.
    package static func literal(_ text: String) -> String {
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

    /// A string literal, or `null`.
    package static func literal(_ text: String?) -> String { text.map { literal($0) } ?? "null" }

    /// A number, or `null`.
    package static func number<Number: FixedWidthInteger>(_ number: Number?) -> String { number.map { String($0) } ?? "null" }

    /// An array of elements that are JSON already.
    package static func array(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }

    /// An object of members that are JSON already, in order.
    package static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { literal($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
    }
}
