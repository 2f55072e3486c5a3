package import SluiceComponent
package import SluiceConfig

/// All encodings, by the name that users write.
package enum EncoderCatalogue {
    /// One encoding: what help and reference say about it, and how it is made.
    package struct Entry: Sendable {
        package let name: String
        /// One sentence.
        package let summary: String
        package let options: [OptionSpec]
        /// What stands behind the colon instead of options, such as `TEMPLATE`; nil for options.
        package let freeText: String?
        let make: @Sendable (String?, OptionValues, [String]) throws(ConfigError) -> any Encoder
    }

    /// Every encoding, in the order that help shows.
    package static let entries: [Entry] = [
        Entry(name: JSONEventEncoder.kind, summary: "one JSON object per line, fields in their order", options: [], freeText: nil) {
            (_, _, _) throws(ConfigError) in JSONEventEncoder()
        },
        Entry(
            name: TextEncoder.kind,
            summary: "one line per event by a template such as `{timestamp:%H:%M:%S} {hostname} {message}`",
            options: [], freeText: "TEMPLATE"
        ) { (rest, _, inputs) throws(ConfigError) in try TextEncoder(template: rest, inputs: inputs) },
        Entry(
            name: RawEncoder.kind, summary: "the original bytes; the message of events without them", options: [], freeText: nil
        ) {
            (_, _, _) throws(ConfigError) in RawEncoder()
        },
        Entry(name: RFC5424Encoder.kind, summary: "syslog messages by RFC 5424", options: RFC5424Encoder.options, freeText: nil) {
            (_, values, _) throws(ConfigError) in RFC5424Encoder(values)
        },
        Entry(name: RFC3164Encoder.kind, summary: "syslog messages by RFC 3164", options: RFC3164Encoder.options, freeText: nil) {
            (_, values, _) throws(ConfigError) in RFC3164Encoder(values)
        },
        Entry(name: LogfmtEncoder.kind, summary: "`key=value` pairs, one line per event", options: [], freeText: nil) {
            (_, _, _) throws(ConfigError) in LogfmtEncoder()
        },
        Entry(
            name: CSVEncoder.kind, summary: "rows of comma-separated values with a header", options: CSVEncoder.options,
            freeText: nil
        ) {
            (_, values, _) throws(ConfigError) in try CSVEncoder(values)
        },
    ]

    /// An encoder by name and what stands behind the colon (`csv`, `delimiter=;`).
    ///
    /// `inputs` are the names that `{@input}` of a template shows, by the number that events keep.
    package static func make(_ name: String, _ rest: String? = nil, inputs: [String] = []) throws(ConfigError) -> any Encoder {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw ConfigError(
                .unknownName, OptionValues.unknown(name, in: entries.map(\.name), what: "encoding", of: nil))
        }
        let pairs = entry.freeText == nil ? try OptionText("\(name):\(rest ?? "")").pairs() : []
        return try entry.make(rest, try OptionValues(pairs, of: entry.options, component: "encoding `\(name)`"), inputs)
    }
}
