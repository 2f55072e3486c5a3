import Yams

/// A YAML text in which the first of two equal keys was given another name, so that reading can go on.
///
/// The name is made other by two private characters behind its first character; marks behind them on the same line are
/// moved back.
struct YAMLRepairs {
    /// What is read.
    private(set) var text: String
    /// What the user wrote.
    let source: ConfigSource
    private var insertions: [(line: Int, column: Int)] = []
    private static let marker = "\u{E0F0}\u{E0F1}"

    init(text: String, source: ConfigSource) {
        self.text = text
        self.source = source
    }

    /// How many keys were set aside.
    var count: Int { insertions.count }

    /// Gives the key at a mark another name; false when it is not one that can be.
    mutating func setAside(at mark: Mark) -> Bool {
        let current = ConfigSource(path: source.path, text: text)
        guard mark.line <= current.lines.count else { return false }
        let line = Array(current.lines[mark.line - 1].unicodeScalars)
        guard mark.column < line.count, !":&*!?|>#".unicodeScalars.contains(line[mark.column - 1]) else { return false }
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: line[..<mark.column])
        scalars.append(contentsOf: Self.marker.unicodeScalars)
        scalars.append(contentsOf: line[mark.column...])
        var lines = current.lines
        lines[mark.line - 1] = String(scalars)
        text = lines.joined(separator: "\n")
        insertions.append((mark.line, mark.column + 1))
        return true
    }

    /// The place in the user's text.
    func place(_ mark: Mark?) -> ConfigPlace {
        guard let mark else { return ConfigPlace(source, line: 1, column: 1) }
        var column = mark.column
        for insertion in insertions.reversed() where insertion.line == mark.line && insertion.column < column {
            column -= Self.marker.unicodeScalars.count
        }
        let line = min(mark.line, source.lines.count)
        let length = source.lines[line - 1].unicodeScalars.count
        return ConfigPlace(source, line: line, column: line < mark.line ? length + 1 : min(column, length + 1))
    }

    /// The name that the user wrote, and whether it is one that was set aside.
    static func name(_ key: String) -> (name: String, isSetAside: Bool) {
        guard let range = key.firstRange(of: marker) else { return (key, false) }
        return (key.replacing(marker, with: ""), !range.isEmpty)
    }
}
