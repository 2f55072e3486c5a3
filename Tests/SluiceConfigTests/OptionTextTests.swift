import Testing

@testable import SluiceConfig

@Suite struct OptionTextTests {
    @Test func `an item without an equals sign goes on with the value before it`() throws {
        let pairs = try OptionText("csv:columns=a,b,c,delimiter=,").pairs()
        #expect(pairs.map(\.key) == ["columns", "delimiter"])
        #expect(pairs.map(\.value) == ["a,b,c", ","])
    }

    @Test func `only the first colon ends the name`() {
        #expect(OptionText("text:{timestamp:%H}") == OptionText("text:{timestamp:%H}"))
        #expect(OptionText("text:{timestamp:%H}").rest == "{timestamp:%H}")
        #expect(OptionText("json").rest == nil)
    }

    @Test func `an unknown option names the nearest known one`() {
        let specs = [OptionSpec("delimiter", .character, default: ",", "Byte between columns.", example: ";")]
        #expect(
            throws: ConfigError(
                .unknownOption,
                "unknown option `delimter` of format `csv`; did you mean `delimiter`? known: delimiter", key: "delimter")
        ) { _ = try OptionValues([("delimter", ";")], of: specs, component: "format `csv`") }
    }

    @Test func `sizes and durations are scaled by their unit`() {
        #expect(OptionValues.size("64KiB") == 65536)
        #expect(OptionValues.size("12") == 12)
        #expect(OptionValues.size("9999999TiB") == nil)
        #expect(OptionValues.duration("250ms") == 250_000_000)
        #expect(OptionValues.duration("10") == nil)
    }
}
