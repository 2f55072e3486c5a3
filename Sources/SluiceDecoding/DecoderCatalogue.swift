package import SluiceComponent
package import SluiceConfig
package import SluiceEvent

/// All formats: their names, options and what they want of a framer.
package enum DecoderCatalogue {
    /// How frames for a format are cut out of a stream when nothing else is configured.
    package enum Framing: Sendable, Equatable {
        /// One line, one frame.
        case line
        /// Lines, but line ends between quotes belong to the record, as this dialect has it.
        case quotedLines(CSVDialect)
    }

    /// A format.
    package struct Entry: Sendable {
        /// The name that events keep.
        package let format: FormatName
        /// One sentence for help and reference.
        package let summary: String
        /// Declared options; empty when the format takes none, or takes one free text.
        package let options: [OptionSpec]
        /// What the free text behind the colon is, for formats that take one.
        package let freeText: String?
        /// A use on the command line.
        package let example: String

        /// The name as users write it.
        package var name: String { format.text }
    }

    /// A decoder that is ready for a stream, and how its frames are cut.
    package struct Made {
        package let decoder: any Decoder
        package let framing: Framing
    }

    /// Names of all formats.
    package static var names: [String] { entries.map(\.name) }

    /// The decoder that `csv:delimiter=;` or the like asks for.
    ///
    /// `zone` is that of times that have none; `messageFormat` decodes `message` after the outer format.
    package static func make(
        _ text: OptionText, strict: Bool = false, zone: Zone = .utc, messageFormat: OptionText? = nil
    ) throws(ConfigError) -> Made {
        guard let entry = entries.first(where: { $0.name == text.name }) else {
            throw ConfigError(.unknownName, OptionValues.unknown(text.name, in: names, what: "format", of: nil))
        }
        let made: Made
        if let freeText = entry.freeText {
            guard let rest = text.rest, !rest.isEmpty else {
                throw ConfigError(
                    .missingOption, "format `\(entry.name)` takes \(freeText); write it as in `\(entry.example)`")
            }
            made = Made(decoder: try makePattern(entry.format, rest, strict), framing: .line)
        } else {
            let values = try OptionValues(try text.pairs(), of: entry.options, component: "format `\(entry.name)`")
            made = try make(entry.format, values, strict, zone)
        }
        guard let messageFormat else { return made }
        let inner = try make(messageFormat, strict: false, zone: zone)
        return Made(decoder: MessageDecoder(outer: made.decoder, inner: inner.decoder), framing: made.framing)
    }

    private static func make(
        _ format: FormatName, _ values: OptionValues, _ strict: Bool, _ zone: Zone
    ) throws(ConfigError) -> Made {
        switch format {
        case .plain: return Made(decoder: PlainDecoder(), framing: .line)
        case .json:
            var options = JSONEventDecoder.Options()
            options.timeField = try fieldName(values, "time_field", of: format)
            options.find = values.boolean("find")
            options.allowTrailing = values.boolean("allow_trailing")
            return Made(decoder: JSONEventDecoder(options, strict: strict), framing: .line)
        case .cee:
            let field = try fieldName(values, "time_field", of: format)
            return Made(decoder: CEEDecoder(timeField: field, strict: strict), framing: .line)
        case .logfmt: return Made(decoder: LogfmtDecoder(typed: values.boolean("typed"), strict: strict), framing: .line)
        case .csv:
            let dialect = try CSVDialect(values)
            let framing: Framing = dialect.quote == nil ? .line : .quotedLines(dialect)
            return Made(decoder: CSVDecoder(dialect, strict: strict), framing: framing)
        case .combined: return Made(decoder: CombinedDecoder(strict: strict), framing: .line)
        case .cri:
            let decoder = CRIDecoder(
                merging: values.boolean("merge_partial"), messageBytesMax: values.size("max_message_size") ?? 1 << 20,
                strict: strict)
            return Made(decoder: decoder, framing: .line)
        case .docker:
            let decoder = DockerDecoder(
                merging: values.boolean("merge_partial"), messageBytesMax: values.size("max_message_size") ?? 1 << 20,
                strict: strict)
            return Made(decoder: decoder, framing: .line)
        case .auto: return Made(decoder: AutoDecoder(zone: zone, strict: strict), framing: .line)
        case .syslog: return Made(decoder: SyslogDecoder(zone: zone, strict: strict), framing: .line)
        case .rfc3164: return Made(decoder: RFC3164Decoder(zone: zone, strict: strict), framing: .line)
        case .rfc5424: return Made(decoder: RFC5424Decoder(zone: zone, strict: strict), framing: .line)
        case .regex, .grok, .forward, .journal, .kmsg, .internal:
            preconditionFailure("format `\(format.text)` is made elsewhere")
        }
    }

    private static func makePattern(_ format: FormatName, _ text: String, _ strict: Bool) throws(ConfigError) -> any Decoder {
        #if Regex
            return format == .regex
                ? try RegexDecoder(pattern: text, strict: strict) : try GrokDecoder(pattern: text, strict: strict)
        #else
            throw ConfigError(
                .notBuiltIn,
                "format `\(format.text)` is not in this build; build with `--traits Regex` (libpcre2-dev)")
        #endif
    }

    private static func fieldName(_ values: OptionValues, _ key: String, of format: FormatName) throws(ConfigError) -> String {
        let name = values.text(key) ?? ""
        guard name.utf8.count <= 256, !name.isEmpty else {
            throw ConfigError(
                .invalidValue, "`\(key)` of format `\(format.text)` is a name of 1 to 256 bytes; `\(name)` is none")
        }
        return name
    }
}
