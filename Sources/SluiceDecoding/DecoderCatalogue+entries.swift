internal import SluiceConfig
internal import SluiceEvent

extension DecoderCatalogue {
    /// All formats in the order of the help.
    package static let entries: [Entry] = [
        Entry(
            format: .auto, summary: "decided per message: syslog, a JSON object, otherwise plain text", options: [],
            freeText: nil, example: "auto"),
        Entry(
            format: .syslog, summary: "RFC 5424 or RFC 3164, decided per message", options: [], freeText: nil,
            example: "syslog"),
        Entry(
            format: .rfc3164, summary: "BSD syslog as devices really send it", options: [], freeText: nil,
            example: "rfc3164"),
        Entry(format: .rfc5424, summary: "the syslog protocol", options: [], freeText: nil, example: "rfc5424"),
        Entry(
            format: .json, summary: "one JSON object per line; its members are the fields",
            options: [
                timeField,
                OptionSpec("find", .boolean, default: "false", "take the first object inside other text", example: "true"),
                OptionSpec(
                    "allow_trailing", .boolean, default: "true", "with `find`: text behind the object is fine",
                    example: "false"),
            ], freeText: nil, example: "json:time_field=ts"),
        Entry(
            format: .cee, summary: "`@cee:` and a JSON object", options: [timeField], freeText: nil,
            example: "cee"),
        Entry(
            format: .logfmt, summary: "`key=value` pairs",
            options: [
                OptionSpec(
                    "typed", .boolean, default: "false",
                    "make numbers, booleans and null of values without quotes that look like them", example: "true")
            ], freeText: nil, example: "logfmt:typed=true"),
        Entry(
            format: .csv, summary: "fields with separators (RFC 4180 and its dialects)", options: CSVDialect.options,
            freeText: nil, example: "csv:delimiter=;,header=true"),
        Entry(
            format: .combined, summary: "access logs of Apache and nginx, `combined` or `common`", options: [],
            freeText: nil, example: "combined"),
        Entry(
            format: .cri, summary: "lines of Kubernetes' container runtimes; parts are joined", options: partialLines,
            freeText: nil, example: "cri:merge_partial=false"),
        Entry(
            format: .docker, summary: "lines of Docker's json-file driver; parts are joined", options: partialLines,
            freeText: nil, example: "docker"),
        Entry(
            format: .regex, summary: "the named groups of a regular expression (PCRE2) are the fields", options: [],
            freeText: "a regular expression", example: "regex:^(?<level>\\w+) (?<message>.*)"),
        Entry(
            format: .grok, summary: "a grok pattern, `%{NAME:field}`, with `:int` and `:float` for numbers", options: [],
            freeText: "a grok pattern", example: "grok:%{COMBINEDAPACHELOG}"),
        Entry(
            format: .plain, summary: "the text as it is, in `message`", options: [], freeText: nil, example: "plain"),
    ]

    private static let timeField = OptionSpec(
        "time_field", .text, default: "timestamp", "name of the field whose RFC 3339 text is the event's time", example: "ts")

    private static let partialLines = [
        OptionSpec(
            "merge_partial", .boolean, default: "true", "join the parts of lines that the runtime cut, per stream",
            example: "false"),
        OptionSpec(
            "max_message_size", .size(1024...(64 << 20)), default: "1MiB", "bytes that a joined message may have",
            example: "256KiB"),
    ]
}
