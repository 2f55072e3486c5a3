package import SluiceConfig

extension OptionSpec {
    private static let hour: Int64 = 3_600_000_000_000

    /// `batch`, which every output has: what is written between two commits, with the defaults of the output's kind.
    package static func batch(size: String, events: String) -> OptionSpec {
        OptionSpec(
            "batch",
            .group([
                OptionSpec("max_size", .size(1 << 10...64 << 20), default: size, "bytes after which a batch leaves", example: "4MiB"),
                OptionSpec("max_events", .integer(1...1_000_000), default: events, "events after which a batch leaves", example: "1000"),
                OptionSpec(
                    "max_time", .duration(0...hour), default: "0s",
                    "time that the first event of a batch waits for others; `0s` takes what there is when the output is free",
                    example: "1s"),
            ]), "how much is written at once", example: "{ max_events: 1000, max_time: 1s }")
    }

    /// `batch` of outputs whose commit waits for the receiver's answer. A batch each round trip is all that goes over the line: over one of
    /// 50 ms eight times the usual size carries three to five times as much, and near to what goes over none.
    static let acknowledgedBatch = batch(size: "8MiB", events: "50000")
}
