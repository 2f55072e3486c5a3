package import SluiceConfig
import SluiceOutputs

extension OutputOptions {
    private static let second: Int64 = 1_000_000_000
    private static let hour: Int64 = 3_600 * second

    /// The options `batch`, `retry` and `buffer`, which every output has.
    package static let declarations: [OptionSpec] = [
        .batch(size: "1MiB", events: "10000"),
        OptionSpec("retry", .group(retryOptions), "what happens after a failed write", example: "{ initial: 1s, max: 1m }"),
        OptionSpec("buffer", .group(bufferOptions), "where events wait for the output", example: "{ type: disk, max_size: 2GiB }"),
    ]

    private static let retryOptions: [OptionSpec] = [
        OptionSpec(
            "initial", .duration(1_000_000...hour), default: "500ms", "pause after the first failure; doubled each time", example: "1s"),
        OptionSpec("max", .duration(1_000_000...24 * hour), default: "30s", "the longest pause", example: "5m"),
        OptionSpec("jitter", .fraction(0...1), default: "20%", "how much shorter a pause may be by chance", example: "50%"),
        OptionSpec(
            "max_attempts", .integer(0...1_000_000), default: "0", "failures after which events become dead letters; 0: never",
            example: "10"),
    ]

    private static let bufferOptions: [OptionSpec] = [
        OptionSpec(
            "type", .choice(Buffer.Kind.allCases.map(\.rawValue)), default: "memory",
            "where events wait; `disk` survives the end of the program", example: "disk"),
        OptionSpec(
            "max_size", .size(64 << 10...1 << 50), "bytes that may wait; 64MiB in memory and 1GiB on disk by default", example: "2GiB"),
        OptionSpec(
            "max_events", .integer(1...1_000_000_000),
            "events that may wait; 100000 in memory by default, bounded by `max_size` alone on disk",
            example: "50000"),
        OptionSpec(
            "when_full", .choice(Buffer.WhenFull.allCases.map(\.rawValue)), default: "block",
            "wait, which pauses the inputs, or discard the newest or oldest events and count them", example: "drop_oldest"),
    ]

    /// The checked values of an output's options.
    package init(_ values: OptionValues) throws(ConfigError) {
        self.init()
        let batch = values.group("batch")
        self.batch.maxBytes = batch.size("max_size") ?? self.batch.maxBytes
        self.batch.maxEvents = batch.integer("max_events") ?? self.batch.maxEvents
        self.batch.maxTime = batch.duration("max_time") ?? self.batch.maxTime
        let retry = values.group("retry")
        self.retry.initial = retry.duration("initial") ?? self.retry.initial
        self.retry.max = retry.duration("max") ?? self.retry.max
        self.retry.jitterPercent = retry.fraction("jitter").map { Int(($0 * 100).rounded()) } ?? self.retry.jitterPercent
        self.retry.maxAttempts = retry.integer("max_attempts") ?? self.retry.maxAttempts
        guard self.retry.initial <= self.retry.max else {
            throw ConfigError(
                .invalidValue,
                "the first pause of `retry`, \(DurationText.text(self.retry.initial)), is longer than the longest, "
                    + "\(DurationText.text(self.retry.max)); raise `max`",
                key: retry.isSet("initial") ? "retry.initial" : "retry.max")
        }
        let buffer = values.group("buffer")
        if let kind = buffer.text("type").flatMap(Buffer.Kind.init), kind == .disk { self.buffer = .disk }
        self.buffer.maxBytes = buffer.size("max_size") ?? self.buffer.maxBytes
        self.buffer.maxEvents = buffer.integer("max_events") ?? self.buffer.maxEvents
        self.buffer.whenFull = buffer.text("when_full").flatMap(Buffer.WhenFull.init) ?? self.buffer.whenFull
    }
}
