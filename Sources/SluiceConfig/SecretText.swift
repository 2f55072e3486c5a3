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

    /// The index behind `password:` and its blanks when the line has one of the keys.
    static func start(in line: [Unicode.Scalar], keys: [String]) -> Int? {
        let keys = keys.map { Array($0.unicodeScalars) }
        for colon in line.indices where line[colon] == ":" {
            var end = colon
            while end > 0, line[end - 1] == " " || line[end - 1] == "\"" || line[end - 1] == "'" { end -= 1 }
            guard keys.contains(where: { $0.count <= end && Array(line[end - $0.count..<end]) == $0 }) else { continue }
            return line[(colon + 1)...].firstIndex { $0 != " " } ?? line.count
        }
        return nil
    }
}
