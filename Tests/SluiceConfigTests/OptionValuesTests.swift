import Testing

@testable import SluiceConfig

@Suite struct OptionValuesTests {
    static let specs: [OptionSpec] = [
        OptionSpec("name", .text, default: "x", "a name", example: "y"),
        OptionSpec("size", .size(1...1 << 40), default: "64KiB", "a size", example: "1MiB"),
        OptionSpec("part", .fraction(0...1), default: "5%", "a part", example: "1%"),
        OptionSpec("items", .texts, "some texts", example: "[a]"),
        OptionSpec("token", .text, "a secret", example: "x", isSecret: true),
        OptionSpec(
            "tls", .group([OptionSpec("key", .text, "a key", example: "k", isRequired: true)]), "a group", example: "{ key: k }"),
        OptionSpec(
            "form",
            .variant([
                OptionVariant("a", "the first", options: [OptionSpec("n", .integer(1...9), "a number", example: "1")]),
                OptionVariant("b", "the second"),
            ]),
            default: "a:n=3", "a variant", example: "b"),
    ]

    static func values(_ yaml: String, variables: [String: String] = [:]) throws -> OptionValues {
        let reading = ConfigReading(folder: ".") { variables[$0] }
        let node = try #require(YAMLReader.node(of: Array(yaml.utf8), path: "t.yaml", secretKeys: [], in: reading))
        let values = OptionValues(node, of: specs, component: "test", in: reading)
        #expect(reading.finish().map(\.summary) == [])
        return values
    }

    @Test func `what is not given has its default`() throws {
        let values = try Self.values("{}")
        #expect(values.text("name") == "x" && values.size("size") == 65536 && values.fraction("part") == 0.05)
        #expect(values.texts("items") == [] && !values.isSet("items"))
        #expect(values.group("tls").text("key") == nil)
        #expect(values.variant("form")?.name == "a" && values.variant("form")?.values.integer("n") == 3)
    }

    @Test func `a file and the command line come to the same values`() throws {
        let file = try Self.values("{ name: z, size: 1MiB, token: t, form: 'a:n=4' }")
        let line = try OptionValues(
            [("name", "z"), ("size", "1MiB"), ("token", "t"), ("form", "a:n=4")], of: Self.specs, component: "test")
        #expect(file == line)
    }

    @Test func `values are equal whatever the place and form, and differ when a variable does`() throws {
        let one = try Self.values("name: ${N}\nitems: [a]\nform: { type: a, n: 4 }", variables: ["N": "1"])
        #expect(try Self.values("form: a:n=4\nitems: [a]\nname: '1'") == one)
        #expect(try Self.values("name: ${N}\nitems: [a]\nform: { type: a, n: 4 }", variables: ["N": "2"]) != one)
        #expect(try Self.values("name: 1\nitems: [a]\nform: { type: a, n: 5 }") != one)
    }

    @Test func `a value knows where it was written`() throws {
        let values = try Self.values("name: z\ntls:\n  key: k\nform: { type: a, n: 4 }")
        #expect(values.place(of: "name")?.text == "t.yaml:1:7")
        #expect(values.place(of: "tls.key")?.text == "t.yaml:3:8")
        #expect(values.place(of: "form.n")?.text == "t.yaml:4:21")
        #expect(values.place(of: "size")?.text == "t.yaml:1:1")
    }

    @Test func `a dump hides secrets`() throws {
        let values = try Self.values("{ token: hunter2, name: z, tls: { key: k }, items: [a, b], form: { type: a, n: 4 } }")
        #expect(values.shown == ["name=z", "items=a,b", "token=•••", "tls.key=k", "form.type=a", "form.n=4"])
    }

    @Test func `a wrong secret is not repeated on the command line either`() {
        let specs = [OptionSpec("pin", .integer(0...9), "a pin", example: "1", isSecret: true)]
        #expect(
            throws: ConfigError(.invalidValue, "`•••` is no value for `pin` of test; it takes a number from 0 to 9", key: "pin")
        ) { try OptionValues([("pin", "hunter2")], of: specs, component: "test") }
    }

    @Test func `a required option is missed on the command line`() {
        let specs = [OptionSpec("path", .text, "a file", example: "a.log", isRequired: true)]
        #expect(throws: ConfigError(.missingOption, "test needs `path`, a file; write `path: a.log`")) {
            try OptionValues([(key: String, value: String)](), of: specs, component: "test")
        }
    }

    @Test(
        arguments: [(0, "0s"), (250_000_000, "250ms"), (90_000_000_000, "90s"), (3_600_000_000_000, "1h"), (1, "1ns")] as [(Int64, String)])
    func `durations are written as users write them`(_ nanoseconds: Int64, _ text: String) {
        #expect(DurationText.text(nanoseconds) == text)
        #expect(OptionValues.duration(text) == nanoseconds)
    }

    @Test(arguments: [("5%", 0.05), ("0.5", 0.5), ("100%", 1), ("1e-2", 0.01)]) func `parts are percentages or numbers`(
        _ text: String, _ part: Double
    ) {
        #expect(OptionValues.fraction(text) == part)
        #expect(OptionValues.fraction(text + "x") == nil)
    }
}
