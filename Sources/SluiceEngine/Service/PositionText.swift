import SluiceAdmin
import SluiceComponent

/// Reads what status shows out of a position's text.
enum PositionText {
    /// The path and offset of a position that is a JSON object with such members; else the text as it is.
    static func status(_ position: Position) -> PositionStatus {
        let value = position.value ?? ""
        let offset = member("offset", in: value).flatMap { Int64($0) }
        let name = member("path", in: value) ?? position.key
        return PositionStatus(name: name, offset: offset, cursor: offset == nil ? value : nil)
    }

    /// A member's text; the objects that inputs write are flat and have no escapes in what is read here.
    private static func member(_ name: String, in text: String) -> String? {
        guard let start = text.firstRange(of: "\"\(name)\":") else { return nil }
        let rest = text[start.upperBound...]
        if rest.first == "\"" {
            let inside = rest.dropFirst()
            return inside.firstIndex(of: "\"").map { String(inside[..<$0]) }
        }
        return String(rest.prefix { $0.isNumber || $0 == "-" })
    }
}
