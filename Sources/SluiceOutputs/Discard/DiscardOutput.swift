package import SluiceComponent
import SluiceConfig

/// Takes everything and keeps nothing: for tests and benchmarks of what comes before it.
package final class DiscardOutput: Output {
    /// Name in configuration.
    package static let kind = "discard"

    /// What the catalogue says about it.
    static let entry = OutputCatalogue.Entry(
        kind: kind,
        summary: "takes everything and keeps nothing, for tests and benchmarks; to discard events on purpose let a rule return `drop`",
        promise: "Every event counts as delivered at once, and is gone.",
        options: [],
        example: "{ type: discard }",
        make: { _, _ throws(ConfigError) in DiscardPlan() })

    private var bytesDiscarded = 0

    /// An output.
    package init() {}

    package func write(_ parcel: Parcel) throws(OutputError) {
        try parcel.writeParts { _, bytes, _ throws(OutputError) in bytesDiscarded += bytes.count }
    }

    package func close() throws(OutputError) {}

    package var counters: [OutputCounter] { [OutputCounter("bytes_discarded", bytesDiscarded)] }
}

/// A configuration without options.
private struct DiscardPlan: OutputPlan {
    func makeOutput(_ context: OutputContext) -> any Output { DiscardOutput() }
}
