import CSluice

/// The tokens of JSON text, apart from commas and colons, which say nothing that the others do not.
///
/// Any bytes are safe: what is no token is ``JSONToken/other``, and every call moves on.
struct JSONTokens {
    private let text: UnsafePointer<UInt8>
    private let length: Int
    private var at = 0

    init(_ text: UnsafePointer<UInt8>, _ length: Int) {
        self.text = text
        self.length = length
    }

    /// The next token; nil at the end.
    mutating func next() -> JSONToken? {
        // SAFETY: every offset is compared with the length.
        at = sl_json_blanks(text, length, at)
        while at < length, text[at] == UInt8(ascii: ",") || text[at] == UInt8(ascii: ":") {
            at = sl_json_blanks(text, length, at + 1)
        }
        guard at < length else { return nil }
        let start = at
        switch text[start] {
        case UInt8(ascii: "{"):
            at += 1
            return .openMap
        case UInt8(ascii: "["):
            at += 1
            return .openArray
        case UInt8(ascii: "}"):
            at += 1
            return .closeMap
        case UInt8(ascii: "]"):
            at += 1
            return .closeArray
        default: break
        }
        at = max(sl_json_skip(text, length, start), start + 1)
        let count = at - start
        switch sl_json_kind_of(text[start]) {
        case SL_JSON_STRING:
            guard count >= 2, text[at - 1] == UInt8(ascii: "\"") else { return .other }
            let isEscaped = memchr(text + start + 1, Int32(UInt8(ascii: "\\")), count - 2) != nil
            return .text(offset: start + 1, count: count - 2, isEscaped: isEscaped)
        case SL_JSON_NUMBER:
            var found: UInt32 = 0
            let isNumber = sl_scan_number(text + start, text + at, &found) == text + at && found == 0
            return isNumber ? .number(offset: start, count: count) : .other
        default: return Self.word(text + start, count)
        }
    }

    private static func word(_ text: UnsafePointer<UInt8>, _ count: Int) -> JSONToken {
        if isWord("null", text, count) { return .word(nil) }
        if isWord("true", text, count) { return .word(true) }
        return isWord("false", text, count) ? .word(false) : .other
    }

    private static func isWord(_ word: StaticString, _ text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        count == word.utf8CodeUnitCount && memcmp(text, word.utf8Start, count) == 0
    }
}

/// A token of JSON text; offsets are those of the text.
enum JSONToken: Equatable {
    case openMap, openArray, closeMap, closeArray
    /// The inside of a string.
    case text(offset: Int, count: Int, isEscaped: Bool)
    case number(offset: Int, count: Int)
    /// A boolean, nil for null.
    case word(Bool?)
    case other

    /// Whether it can be a name.
    var isText: Bool {
        if case .text = self { return true }
        return false
    }
}
