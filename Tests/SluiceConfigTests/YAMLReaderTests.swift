import Testing

@testable import SluiceConfig

@Suite struct YAMLReaderTests {
    private static func read(_ text: String) -> (node: ConfigNode?, problems: [String]) {
        let reading = ConfigReading(folder: ".") { _ in nil }
        let node = YAMLReader.node(of: Array(text.utf8), path: "t.yaml", secretKeys: ["password"], in: reading)
        return (node, reading.finish().map(\.summary))
    }

    /// The tree as text: quoted texts in quotes, nothing as `~`.
    private static func shape(_ node: ConfigNode?) -> String {
        switch node?.content {
        case nil: "-"
        case .scalar(let text, let isQuoted): isQuoted ? "'\(text)'" : text
        case .null: "~"
        case .list(let items): "[" + items.map { shape($0) }.joined(separator: ", ") + "]"
        case .mapping(let members): "{" + members.map { "\($0.key): \(shape($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    @Test(arguments: [
        ("a: 1\nb: '1'\nc:\nd: ~\ne: 'null'", "{a: 1, b: '1', c: ~, d: ~, e: 'null'}"),
        ("[a, [b], {c: d}]", "[a, [b], {c: d}]"),
        ("a: |\n  x\n  y\n", "{a: 'x\ny\n'}"), ("a: !!str 1", "{a: '1'}"),
        ("a: &x [1]\nb: *x", "{a: [1], b: [1]}"), ("", "~"), ("---\na: b\n...\n", "{a: b}"),
        ("a: {b: 1}\nc: {<<: {d: 1, e: 2}, d: 3}", "{a: {b: 1}, c: {d: 3, e: 2}}"),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}", "{a: {b: 1, c: 3}}"), ("'<<': 1", "{<<: 1}"),
    ])
    func `a text comes to its values`(_ text: String, _ expected: String) {
        let (node, problems) = Self.read(text)
        #expect(Self.shape(node) == expected)
        #expect(problems == [])
    }

    @Test func `places count characters, whatever the line ends`() throws {
        let node = try #require(Self.read("ä: ö\r\nbé: {c: 'ü', d: 1}").node)
        let members = try #require(node.members)
        #expect(members.map(\.place.text) == ["t.yaml:1:1", "t.yaml:2:1"])
        #expect(members[1].value.members?.map(\.value.place.text) == ["t.yaml:2:9", "t.yaml:2:17"])
    }

    @Test func `duplicates are found in every mapping, and what stands behind them keeps its place`() throws {
        let (node, problems) = Self.read("{a: 1, 'b': 2, a: 3, b: 4, c: 5}\n")
        #expect(
            problems == [
                "t.yaml:1:16: `a` stands twice, on line 1 and here on line 1; keep one of them",
                "t.yaml:1:22: `b` stands twice, on line 1 and here on line 1; keep one of them",
            ])
        #expect(Self.shape(node) == "{a: 3, b: 4, c: 5}")
        #expect(node?.members?.last?.place.column == 28)
    }

    @Test func `more duplicates than are looked for still refuse the file`() {
        let keys = (0..<30).map { "k\($0): 1\nk\($0): 2\n" }.joined()
        #expect(Self.read(keys).problems.count == 1)
    }

    @Test func `a tripled key is named with its first line`() {
        #expect(
            Self.read("a: 1\na: 2\na: 3\n").problems == [
                "t.yaml:3:1: `a` stands twice, on line 1 and here on line 3; keep one of them"
            ])
    }

    @Test func `references are followed a bounded number of times`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 { text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n" }
        let (node, problems) = Self.read(text)
        #expect(node == nil && problems.count == 1)
        #expect(
            problems.first?.hasSuffix("the file has more than 100000 values or 16MiB of them; references (`*name`) count each time") == true
        )
    }

    @Test(arguments: [
        ("*a : 1", 3), ("'k' : 1\n  *a : 1", 3), ("{*a : 1}", 4), ("{*a}", 4), ("[*a : 1]", 4), ("{b: 1, *a : 2}", 10),
        ("{b: {c: \"d, e\", *a : 1}}", 19), ("k: \"x\n    , \"\n  *a : 1", 3),
    ])
    func `a reference is no key`(_ key: String, _ column: Int) {
        let line = 2 + key.split(separator: "\n").count
        #expect(
            Self.read("x: &a n\ny:\n  \(key)\n").problems == [
                "t.yaml:\(line):\(column): a reference (`*name`) cannot be a key; write the key out"
            ])
    }

    @Test(arguments: [
        ("? *a\n  : 1", 3, 3), ("? k\n  : *a", 3, 3), ("{[*a]: 1}", 3, 4), ("{[*a]}", 3, 4), ("{? [*a] : 1}", 3, 4), ("[*a] : 1", 3, 3),
        ("[[b, *a]: 1]", 3, 4), ("{b: 1, {c: *a}: 2}", 3, 10), ("{ k: \"x\n  , \", ? [*a] : 1, \"z\": 2 }", 4, 8),
        ("{ 'it''s': 'b', [*a]: 1 }", 3, 19), ("k: |\n    'text\n  l: {[*a]: 1}", 5, 7), ("k: # '\n  l: {[*a]: 1} # '", 4, 7),
    ])
    func `a key in a file with references is a plain text`(_ key: String, _ line: Int, _ column: Int) {
        #expect(
            Self.read("x: &a [n]\ny:\n  \(key)\n").problems == [
                "t.yaml:\(line):\(column): a key that is not a plain text, in a file with references (`*name`); write the key out"
            ])
    }

    @Test(arguments: [
        ("'{[*a]: 1}'", "'{[*a]: 1}'"), ("\"? *a : \\\"} 1\"", "'? *a : \"} 1'"), ("[\"}: \", '*a :']", "['}: ', '*a :']"),
        ("{ t: \"[{b} *a]: {c}\" }", "{t: '[{b} *a]: {c}'}"), ("|\n  *a : {b}: c", "'*a : {b}: c\n'"), ("b # {*a}: [*a]: c", "b"),
        ("\"one\n  *a : {b}: two\"", "'one *a : {b}: two'"), ("one\n  *a {b}:two", "one *a {b}:two"), ("'it''s {*a}: b'", "'it's {*a}: b'"),
    ])
    func `what looks like a reference in a text is text`(_ value: String, _ expected: String) {
        let (node, problems) = Self.read("x: &a n\ny: *a\nz: \(value)\n")
        #expect(problems == [])
        #expect(Self.shape(node) == "{x: n, y: n, z: \(expected)}")
    }

    @Test func `too many references are refused before they are followed`() {
        #expect(Self.read("a: &a 1\nb: [" + String(repeating: "*a, ", count: 1_001) + "]\n").node == nil)
    }

    @Test(arguments: 0..<400) func `no prefix of a file crashes the reader`(_ length: Int) {
        let text = """
            # comment
            a: &x { b: [1, "two\\n", 'three'], c: *x }
            d: |
              block
            e: >-
              folded
            <<: *x
            ? complex
            : "q": !!str 1
            """
        _ = Self.read(String(text.prefix(length)))
        _ = Self.read(String(text.dropFirst(length)))
    }
}
