package import SluiceConfig
import SluiceEncoding
package import SluiceOutputs

/// The declarations of `sluice.yaml`: reading, checks, JSON Schema and the reference page come from them.
///
/// `inputs`, `rules` and `outputs` are mappings and lists of components; everything else is in ``root``.
package enum ServiceOptions {
    /// The largest number of outputs: one bit each in an event.
    package static let outputsMax = 64
    /// The largest number of inputs.
    package static let inputsMax = 1_000
    /// The largest number of rules.
    package static let rulesMax = 1_000
    /// Characters of a component's name.
    package static let nameCharactersMax = 64
    /// Decisions of rules and of `on_error`, which no output may be called.
    package static let reservedNames = ["drop", "pass", "dead_letter"]

    private static let second: Int64 = 1_000_000_000
    private static let hour: Int64 = 3_600 * second

    /// Keys of the file whose values are components.
    package static let sections: [(key: String, summary: String)] = [
        ("inputs", "where events come from, by name"),
        ("rules", "the rules in the order they run: files, or mappings with the options below"),
        ("outputs", "where events go, by name; rules route to these names"),
    ]

    /// `data_dir` when the file has none.
    static let dataFolder = "/var/lib/sluice"

    /// The options at the top of the file.
    package static let root: [OptionSpec] = [
        OptionSpec(
            "data_dir", .text, default: dataFolder,
            "folder of checkpoints, disk buffers, rule state, dead letters and the control socket", example: "/var/lib/sluice"),
        OptionSpec(
            "admin", .group(admin), "the administration server: metrics, health, web console", example: "{ listen: 127.0.0.1:8787 }"),
        OptionSpec(
            "default_outputs", .texts, "outputs of events that no rule routed; `[]` discards them. May be left out with exactly one output",
            example: "[main]"),
        OptionSpec("workers", .integer(1...64), default: "1", "lanes that run rules side by side", example: "4"),
        OptionSpec(
            "partition_by", .text, "with several workers: events go to lanes by this field, and order holds per value",
            example: "hostname"),
        OptionSpec(
            "timezone", .text,
            "zone of times that have none, and of times in output paths; by default that of the system, and UTC in paths",
            example: "Europe/Berlin"),
        OptionSpec("memory_limit", .size(1 << 20...1 << 40), default: "64MiB", "memory of the rules of one lane", example: "128MiB"),
        OptionSpec(
            "time_limit", .duration(1_000_000...hour), default: "100ms", "CPU time of one event over all rules", example: "50ms"),
        OptionSpec("state_limit", .size(1 << 10...1 << 30), default: "16MiB", "size of one rule's `state`", example: "32MiB"),
        OptionSpec("reload", .group(reload), "how changed files become a new generation", example: "{ settle: 1s }"),
        OptionSpec("dead_letters", .group(deadLetters), "where events end that could not be processed", example: "{ max_size: 4GiB }"),
        OptionSpec(
            "shutdown_timeout", .duration(0...hour), default: "30s", "time for an ordered stop", example: "10s"),
        OptionSpec(
            "checkpoint_interval", .duration(10_000_000...60 * second), default: "100ms",
            "how often positions and rule state are saved while something moves", example: "1s"),
        OptionSpec("log", .group(log), "the program's own log", example: "{ level: debug, format: json }"),
    ]

    static let admin: [OptionSpec] = [
        OptionSpec("listen", .text, "address and port of the HTTP server", example: "127.0.0.1:8787"),
        OptionSpec(
            "token", .text, "what clients have to send; required when the address is not on loopback", example: "\"${SLUICE_TOKEN}\"",
            isSecret: true),
    ]

    static let reload: [OptionSpec] = [
        OptionSpec(
            "watch", .choice(ReloadSetting.Watch.allCases.map(\.rawValue)), default: "true",
            "whether changed files are noticed: by the kernel, by looking (`poll`, for network file systems), or not", example: "poll"),
        OptionSpec(
            "settle", .duration(0...60 * second), default: "300ms", "time without a change before files are read", example: "1s"),
        OptionSpec(
            "shadow_events", .integer(0...1_000), default: "1000", "live events that a new generation is tried on", example: "200"),
        OptionSpec("shadow_bytes", .size(0...4 << 20), default: "4MiB", "bytes of them", example: "1MiB"),
        OptionSpec(
            "max_new_errors", .integer(0...1_000), default: "0",
            "events on which the new generation alone may fail before it is refused", example: "5"),
        OptionSpec(
            "max_changed", .integer(0...1_000),
            "events that may come out differently before the new generation is refused; any number without it", example: "100"),
        OptionSpec(
            "rollback_error_rate", .fraction(0...1), default: "5%",
            "part of failing events, above the old generation's, that brings the old one back", example: "1%"),
        OptionSpec("rollback_window", .duration(second...hour), default: "10s", "time over which it is measured", example: "1m"),
    ]

    static let deadLetters: [OptionSpec] = [
        OptionSpec("max_size", .size(1 << 20...1 << 50), default: "1GiB", "room on disk", example: "4GiB"),
        OptionSpec(
            "when_full", .choice(DeadLetterSetting.WhenFull.allCases.map(\.rawValue)), default: "block",
            "wait for room, or discard the oldest and count them", example: "drop_oldest"),
    ]

    static let log: [OptionSpec] = [
        OptionSpec(
            "level", .choice(LogSetting.Level.allCases.map(\.rawValue)), default: "info", "the least level that is written",
            example: "debug"),
        OptionSpec(
            "format", .choice(LogSetting.Format.allCases.map(\.rawValue)), default: "auto",
            "form of a line; `auto` is `journald` under systemd and `text` elsewhere", example: "json"),
    ]

    /// The options of a rule that is more than a file.
    package static let rule: [OptionSpec] = [
        OptionSpec("file", .text, "the Lua file, relative to the configuration", example: "nginx.lua", isRequired: true),
        OptionSpec(
            "name", .text, "unique name in errors and counters, to which `state` belongs; the file's name by default", example: "nginx"),
        OptionSpec("inputs", .texts, "only events of these inputs; all by default", example: "[nginx]"),
        OptionSpec(
            "on_error", .text, default: "dead_letter",
            "what becomes of an event when the rule fails: `dead_letter`, `pass`, `drop` or an output's name", example: "pass"),
        OptionSpec("api", .choice(["sluice", "fluent-bit"]), default: "sluice", "whose scripts it is", example: "fluent-bit"),
        OptionSpec("call", .text, "function of a Fluent Bit script", example: "cb_filter"),
        OptionSpec("env", .texts, "environment variables that a Fluent Bit script sees in `FLB_ENV`", example: "[HOSTNAME]"),
        OptionSpec(
            "time_as_table", .boolean, default: "false", "a Fluent Bit script gets times as `{sec, nsec}`", example: "true"),
    ]

    /// All options of one kind of output: its own, and those of every output that it does not declare itself or has no use for.
    package static func output(of entry: OutputCatalogue.Entry) -> [OptionSpec] {
        let own = Set(entry.options.map(\.key))
        return entry.options + output.filter { !own.contains($0.key) && !(entry.hasOwnEncoding && $0.key == "encoding") }
    }

    /// The options that every output has beside its own.
    package static let output: [OptionSpec] =
        [
            OptionSpec(
                "encoding", .variant(EncoderCatalogue.variants), default: "json", "how events become bytes",
                example: "{ type: csv, columns: [timestamp, hostname, message] }"),
            OptionSpec("timezone", .text, "zone of times in paths; that of the file, else UTC", example: "Europe/Berlin"),
        ] + OutputOptions.declarations
}
