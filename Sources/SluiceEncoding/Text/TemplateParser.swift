import SluiceEvent

/// A template that does not parse.
package struct TemplateError: Error, Equatable, Sendable {
    /// A sentence for the user, lower-case and without full stop.
    package let message: String
    /// Offset in bytes of the part that is wrong, from 0.
    package let position: Int

    /// An error.
    package init(_ message: String, at position: Int) {
        self.message = message
        self.position = position
    }
}

/// Parts of a template before they are laid out for use.
struct ParsedTemplate {
    let text: String
    var parts: [Template.Part] = []
    var pool: [UInt8] = []
    var formats: [TimeFormat] = []
}

/// Reads templates.
struct TemplateParser {
    private let bytes: [UInt8]
    private let place: Template.Place
    private var at = 0
    private var literal: [UInt8] = []
    private var parsed: ParsedTemplate

    static func parse(_ text: String, place: Template.Place) throws(TemplateError) -> ParsedTemplate {
        var parser = TemplateParser(text, place)
        while parser.at < parser.bytes.count { try parser.next() }
        parser.endLiteral()
        return parser.parsed
    }

    private init(_ text: String, _ place: Template.Place) {
        bytes = Array(text.utf8)
        self.place = place
        parsed = ParsedTemplate(text: text)
    }

    private mutating func next() throws(TemplateError) {
        let byte = bytes[at]
        let isDoubled = at + 1 < bytes.count && bytes[at + 1] == byte
        switch byte {
        case UInt8(ascii: "{") where !isDoubled: try field()
        case UInt8(ascii: "{"), UInt8(ascii: "}"):
            literal.append(byte)
            at += isDoubled ? 2 : 1
        case UInt8(ascii: "%") where place == .path: try clock()
        default:
            literal.append(byte)
            at += 1
        }
    }

    private mutating func endLiteral() {
        guard !literal.isEmpty else { return }
        parsed.parts.append(
            Template.Part(kind: .literal, path: FieldPath([]), textOffset: parsed.pool.count, textCount: literal.count))
        parsed.pool += literal
        literal = []
    }

    /// `{name}`, `{name:-default}`, `{name:%H:%M}`.
    private mutating func field() throws(TemplateError) {
        let start = at
        guard let end = bytes[at...].firstIndex(of: UInt8(ascii: "}")) else {
            throw TemplateError("`{` has no `}`; write `{{` for a brace", at: start)
        }
        endLiteral()
        let inside = bytes[(start + 1)..<end]
        let colon = inside.firstIndex(of: UInt8(ascii: ":")) ?? end
        var name = Array(bytes[(start + 1)..<colon])
        let isMeta = name.first == UInt8(ascii: "@")
        if isMeta { name.removeFirst() }
        if name.isEmpty { throw TemplateError("`{}` names no field; write `{{` for a brace", at: start) }
        var part = Template.Part(kind: isMeta ? Self.meta(name) : .field, path: FieldPath(name))
        if colon < end { try specification(bytes[(colon + 1)..<end], of: &part) }
        parsed.parts.append(part)
        at = end + 1
    }

    /// What follows the colon: `-` and a default, or a time format.
    private mutating func specification(_ text: ArraySlice<UInt8>, of part: inout Template.Part) throws(TemplateError) {
        if text.first == UInt8(ascii: "-") {
            part.textOffset = parsed.pool.count
            part.textCount = text.count - 1
            parsed.pool += text.dropFirst()
            return
        }
        guard text.contains(UInt8(ascii: "%")) else {
            throw TemplateError(
                "`:` in a field is followed by `-` and a default, or by a time format such as `%H:%M:%S`; write `{{` for a brace",
                at: text.startIndex - 1)
        }
        part.format = try format(text)
    }

    /// Bare codes of a path, up to the next field; literal bytes between them belong to the same format.
    private mutating func clock() throws(TemplateError) {
        if at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "%") {
            literal.append(UInt8(ascii: "%"))
            at += 2
            return
        }
        endLiteral()
        let start = at
        at += 1
        while at < bytes.count,
            bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "_") || bytes[at] == UInt8(ascii: ":")
                || (0x31...0x39).contains(bytes[at])
        { at += 1 }
        at = min(at + 1, bytes.count)
        let index = try format(bytes[start..<at])
        parsed.parts.append(Template.Part(kind: .clock, path: FieldPath([]), format: index))
    }

    private mutating func format(_ text: ArraySlice<UInt8>) throws(TemplateError) -> Int {
        do {
            parsed.formats.append(try TimeFormat(String(decoding: text, as: UTF8.self)))
        } catch {
            throw TemplateError(error.message, at: text.startIndex + error.position)
        }
        return parsed.formats.count - 1
    }

    private static func meta(_ name: [UInt8]) -> Template.Kind {
        switch String(decoding: name, as: UTF8.self) {
        case "raw": .metaRaw
        case "received": .metaReceived
        case "format": .metaFormat
        case "flags": .metaFlags
        case "peer": .metaPeer
        case "input": .metaInput
        default: .metaSet
        }
    }
}
