/// One request to the administration server.
package struct AdminRequest: Sendable, Equatable {
    /// `GET`, `POST`.
    package let method: String
    /// Path of the target, such as `/status`.
    package let path: String
    /// What stands behind the `?`, decoded; the last one of a name counts.
    package let query: [String: String]
    package let body: [UInt8]

    /// A request for a target such as `/status?format=text`.
    package init(method: String, target: String, body: [UInt8] = []) {
        self.method = method
        self.body = body
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = halves.first.map(String.init) ?? ""
        var query: [String: String] = [:]
        for pair in halves.count > 1 ? halves[1].split(separator: "&") : [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[Self.decoded(parts[0])] = parts.count > 1 ? Self.decoded(parts[1]) : ""
        }
        self.query = query
    }

    /// Whether a flag of the query is set: `?all`, `?all=true`, `?all=1`.
    package func has(_ flag: String) -> Bool { query[flag].map { ["", "1", "true"].contains($0) } ?? false }

    /// Text of a query without `%XX` and `+`; what is not a hexadecimal pair stays as it is.
    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(text) }
        let from = Array(text.utf8)
        var bytes: [UInt8] = []
        var at = 0
        while at < from.count {
            if from[at] == UInt8(ascii: "%"), at + 2 < from.count, let high = hexadecimal(from[at + 1]), let low = hexadecimal(from[at + 2])
            {
                bytes.append(high << 4 | low)
                at += 3
            } else {
                bytes.append(from[at] == UInt8(ascii: "+") ? UInt8(ascii: " ") : from[at])
                at += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) } }
}
