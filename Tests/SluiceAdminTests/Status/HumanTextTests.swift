import Testing

@testable import SluiceAdmin

@Suite struct HumanTextTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-1_234, "-1,234"), (100_000, "100,000"),
        (Int.min, "-9,223,372,036,854,775,808"),
    ]) func `counts have a comma every three digits`(number: Int, text: String) { #expect(HumanText.count(number) == text) }

    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"), (102_400, "100 KiB"), (1_048_575, "1023 KiB"),
        (1 << 30, "1.0 GiB"), (Int.max, "8191 PiB"),
    ]) func `sizes are cut, never rounded up`(number: Int, text: String) { #expect(HumanText.bytes(number) == text) }

    @Test(
        arguments: [
            (-5, "0 ms"), (999_999, "0 ms"), (420_000_000, "420 ms"), (1_000_000_000, "1 s"), (60_000_000_000, "1 min"),
            (200_000_000_000, "3 min 20 s"), (7_980_000_000_000, "2 h 13 min"), (691_200_000_000_000, "8 d"),
        ] as [(Int64, String)]) func `lengths of time have at most two units`(nanoseconds: Int64, text: String)
    {
        #expect(HumanText.duration(nanoseconds) == text)
    }

    @Test func `control characters are shown and not sent`() {
        #expect(HumanText.escaped("a\u{1B}[2J\u{7}b\tc\u{9B}") == "a\\x1b[2J\\x07b\tc\\x9b")
    }

    @Test func `columns are aligned and lines have nothing at their end`() {
        var table = TextTable([.text("name"), .number("count"), .text("state")])
        table.rows = [
            [TextTable.Cell("a"), TextTable.Cell("1"), TextTable.Cell("running")],
            [TextTable.Cell("longer"), TextTable.Cell("1,000,000"), TextTable.Cell("")],
        ]
        #expect(
            table.lines(TextPaint(isColoured: false), indent: "") == [
                "name        count  state",
                "a               1  running",
                "longer  1,000,000",
            ])
    }
}
