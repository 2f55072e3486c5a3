/// Where secrets stand in a line, so that no message shows them.
enum SecretText {
    /// What stands for a secret.
    static let mask = "•••"

    /// The index behind the closing quote of the value that begins at `start`; the end of the line when there is none.
    static func end(ofQuoted line: [Unicode.Scalar], from start: Int) -> Int {
        guard start < line.count, line[start] == "\"" || line[start] == "'" else { return line.count }
        let quote = line[start]
        var index = start + 1
        while index < line.count {
            if line[index] == "\\", quote == "\"" {
                index += 1
            } else if line[index] == quote {
                return index + 1
            }
            index += 1
        }
        return line.count
    }

    /// The columns, from 1, of what stands behind `password:` for each of the keys. A plain text ends with the line, or in a `{`
    /// of the same line with a comma or `}`.
    static func ranges(in line: [Unicode.Scalar], keys: [String]) -> [Range<Int>] {
        let keys = keys.map { Array($0.unicodeScalars) }
        var ranges: [Range<Int>] = []
        var depth = 0
        for index in line.indices {
            if line[index] == "{" { depth += 1 }
            if line[index] == "}" { depth -= 1 }
            guard line[index] == ":" else { continue }
            var end = index
            while end > 0, line[end - 1] == " " || line[end - 1] == "\"" || line[end - 1] == "'" { end -= 1 }
            guard keys.contains(where: { isKey($0, in: line, endingAt: end) }) else { continue }
            guard let start = line[(index + 1)...].firstIndex(where: { $0 != " " }) else { continue }
            let isQuoted = line[start] == "\"" || line[start] == "'"
            let plainEnd = depth > 0 ? line[start...].firstIndex { $0 == "," || $0 == "}" } ?? line.count : line.count
            let valueEnd = isQuoted ? self.end(ofQuoted: line, from: start) : plainEnd
            ranges.append(start + 1..<max(valueEnd, start + 1) + 1)
        }
        return ranges
    }

    private static func isKey(_ key: [Unicode.Scalar], in line: [Unicode.Scalar], endingAt end: Int) -> Bool {
        guard key.count <= end, line[end - key.count..<end].elementsEqual(key) else { return false }
        guard end > key.count else { return true }
        let before = line[end - key.count - 1]
        return !(before.properties.isAlphabetic || before == "_")
    }
}
