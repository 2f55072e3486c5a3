/// A line of a rule's source with a caret under what an error is about.
package struct SourceExcerpt: Equatable, Sendable {
    /// From 1.
    package let line: Int
    /// Text of the line, without its end; control characters replaced by blanks.
    package let text: String
    /// Byte of the caret, from 1.
    package let column: Int

    /// The line that a message of Lua's is about, or nil when the source has no such line.
    ///
    /// Lua tells a line and no column, but names what it stumbled over (`field 'x'`, `near 'x'`): the caret goes there,
    /// otherwise to the first character that is no blank.
    package init?(source: [UInt8], line: Int, message: String, column: Int? = nil) {
        let lines = source.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count else { return nil }
        let bytes = lines[line - 1].map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }
        self.line = line
        text = String(decoding: bytes, as: UTF8.self)
        self.column = column ?? Self.column(in: Array(bytes), of: message)
    }

    private static func column(in bytes: [UInt8], of message: String) -> Int {
        let tokens = LuaLexer.tokens(of: bytes)
        for name in quotedNames(message) {
            if let token = tokens.last(where: { $0.text == name && $0.kind != .string }) ?? tokens.last(where: { $0.text == name }) {
                return token.column
            }
        }
        return (bytes.firstIndex { $0 != 0x20 } ?? 0) + 1
    }

    /// What stands between quotes or back-ticks, the last first: Lua puts the name at the end.
    private static func quotedNames(_ message: String) -> [String] {
        var names: [String] = []
        var current: String?
        for character in message {
            if character == "'" || character == "`" {
                if let name = current {
                    names.append(name.split(separator: ".").last.map(String.init) ?? name)
                    current = nil
                } else {
                    current = ""
                }
            } else {
                current?.append(character)
            }
        }
        return names.reversed()
    }

    /// The two lines as they are printed, with the line's number before them.
    package func rendered() -> String {
        let number = String(line)
        let margin = String(repeating: " ", count: number.count)
        let prefix = text.utf8.prefix(column - 1)
        let indent = String(repeating: " ", count: String(decoding: Array(prefix), as: UTF8.self).count)
        return " \(number) | \(text)\n \(margin) | \(indent)^"
    }
}
