import Testing

@testable import SluiceConfig

@Suite struct EnvironmentTextTests {
    private static func expanded(_ text: String) throws -> String {
        try EnvironmentText.expanded(text) { ["A": "1", "EMPTY": "", "DEEP": "${A}"][$0] }
    }

    @Test(arguments: [
        ("plain", "plain"), ("${A}", "1"), ("x${A}y${A}", "x1y1"), ("${EMPTY}", ""), ("${EMPTY:-d}", "d"), ("${B:-}", ""),
        ("${B:-a b/c}", "a b/c"), ("${A:-d}", "1"), ("$${A}", "${A}"), ("$$${A}", "$${A}"), ("$A costs 5$", "$A costs 5$"),
        ("^a$", "^a$"), ("$1", "$1"),
    ])
    func `variables are replaced and every other dollar stays`(_ text: String, _ expected: String) throws {
        #expect(try Self.expanded(text) == expected)
    }

    @Test func `what a variable holds is not looked at again`() throws {
        #expect(try Self.expanded("${DEEP}") == "${A}")
    }

    @Test(arguments: ["${B}", "${", "${}", "${A-x}", "${1}", "${A:x}", "${a.b}"])
    func `anything else behind a dollar and a brace is refused`(_ text: String) {
        #expect(throws: ConfigError.self) { try Self.expanded(text) }
    }
}
