/// A JSON document that is written for people: members keep their order.
package indirect enum JSONValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case list([JSONValue])
    case object([Member])

    /// A member of an object.
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSONValue

        /// A member.
        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// An object with these members in order.
    package static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(members.map { Member(name: $0.key, value: $0.value) })
    }

    /// A list of texts.
    package static func texts(_ texts: [String]) -> JSONValue { .list(texts.map { .text($0) }) }

    /// The object with further members.
    package func adding(_ more: KeyValuePairs<String, JSONValue>) -> JSONValue {
        guard case .object(let members) = self else { preconditionFailure("only objects have members") }
        return .object(members + more.map { Member(name: $0.key, value: $0.value) })
    }

    /// The document, indented by two blanks; short lists stand on one line.
    package func rendered(_ margin: String = "") -> String {
        let inner = margin + "  "
        switch self {
        case .text(let text): return Self.literal(text)
        case .integer(let number): return "\(number)"
        case .number(let number): return number == number.rounded() ? "\(Int(number))" : "\(number)"
        case .boolean(let value): return "\(value)"
        case .list(let items):
            let line = "[" + items.map { $0.rendered(inner) }.joined(separator: ", ") + "]"
            if line.utf8.count <= 100, !line.contains("\n") { return line }
            return "[\n" + items.map { inner + $0.rendered(inner) }.joined(separator: ",\n") + "\n\(margin)]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { "\(inner)\(Self.literal($0.name)): \($0.value.rendered(inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(margin)}"
        }
    }

    private static func literal(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }
}
