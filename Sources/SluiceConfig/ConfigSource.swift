/// The text of a configuration file by lines, for messages that show them.
package final class ConfigSource: Sendable {
    /// The file's path as the user named it.
    package let path: String
    /// Its lines without their ends.
    package let lines: [String]

    /// A file's text. Lines end where YAML ends them: LF, CR, CRLF, NEL, LS, PS.
    package init(path: String, text: String) {
        self.path = path
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var isAfterCR = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where isAfterCR: break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(String(line))
                line.removeAll(keepingCapacity: true)
            default: line.append(scalar)
            }
            isAfterCR = scalar == "\r"
        }
        lines.append(String(line))
        self.lines = lines
    }
}

/// Where something stands in a configuration file.
package struct ConfigPlace: Sendable, Equatable, Hashable {
    package let source: ConfigSource
    /// From 1.
    package let line: Int
    /// In characters, from 1.
    package let column: Int

    /// A place.
    package init(_ source: ConfigSource, line: Int, column: Int) {
        self.source = source
        self.line = line
        self.column = column
    }

    package static func == (left: ConfigPlace, right: ConfigPlace) -> Bool {
        left.source.path == right.source.path && left.line == right.line && left.column == right.column
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(source.path)
        hasher.combine(line)
        hasher.combine(column)
    }

    /// `sluice.yaml:12:5`.
    package var text: String { "\(source.path):\(line):\(column)" }
}
