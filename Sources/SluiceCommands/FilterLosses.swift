import SluiceComponent
import SluiceConfig
import SluiceEngine

/// What a filter run lost without any event to show for it, in sentences: a count that nobody asked for is read by nobody.
struct FilterLosses {
    let framing: FramingCounts
    /// Value of `--max-frame-size`.
    let frameBytesMax: Int
    /// Text of `--framing`.
    let framingName: String?

    /// The sentence about frames; nil when every byte of the input belongs to an event.
    var frames: String? {
        var parts: [String] = []
        if framing.oversize > 0 {
            parts.append(
                "\(count(framing.oversize, "frame")) longer than `--max-frame-size` (\(SizeText.text(frameBytesMax))); truncated"
            )
        }
        if framing.errors > 0 {
            parts.append(
                "\(count(framing.errors, "place")) not framed as `\(framingName ?? "newline")`; skipped to the next frame")
        }
        if framing.incomplete > 0 { parts.append("\(count(framing.incomplete, "frame")) cut off by the end of the input") }
        guard !parts.isEmpty else { return nil }
        if framing.bytesLost > 0 { parts.append("\(count(framing.bytesLost, "byte")) lost") }
        return parts.joined(separator: "; ")
    }

    /// The sentence about fields without a column; nil when there are none, or when the columns were chosen.
    static func columns(_ output: OutputStage, encoding: OptionText) -> String? {
        let left = output.counts.fieldsLeftOut
        guard left > 0, encoding.name == "csv", encoding.rest?.contains("columns=") != true else { return nil }
        return "output `\(output.name)`: \(left == 1 ? "1 field has" : "\(left) fields have") no column, because the first event "
            + "made the columns; left out; name them with `-o csv:columns=…`"
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
