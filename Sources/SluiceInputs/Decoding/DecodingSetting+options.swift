import SluiceComponent
package import SluiceConfig
import SluiceDecoding
package import SluiceEvent
package import SluiceFraming

extension DecodingSetting {
    /// The options that every input of bytes has, declared once. Inputs differ in the format and framing that they take for granted and
    /// in the frame that they still find normal.
    package static func options(
        format: String = "auto", frameSize: String = "1MiB", framing: Framing? = nil, framingSummary: String? = nil
    ) -> [OptionSpec] {
        [
            OptionSpec(
                "format", .text, default: format,
                "format of the records, with its options behind a colon: \(DecoderCatalogue.names.joined(separator: ", "))",
                example: "csv:delimiter=;,header=true"),
            OptionSpec(
                "message_format", .text, "format of `message` behind the outer format; a failure leaves the message as it is",
                example: "combined"),
            OptionSpec(
                "strict", .boolean, default: "false", "refuse what breaks the format's standard: it becomes a dead letter",
                example: "true"),
            OptionSpec(
                "framing", .choice(Framing.allCases.map(\.rawValue)), default: framing?.rawValue,
                framingSummary ?? "how bytes are cut into records; by default as the format wants, mostly by lines", example: "nul"),
            OptionSpec(
                "multiline", .text,
                "join lines into one record before decoding: \(MultilineParser.names.joined(separator: ", "))", example: "java"),
            OptionSpec(
                "charset", .text, default: "utf-8", "charset of the bytes, converted to UTF-8; `auto` decides per record",
                example: "gbk"),
            OptionSpec(
                "timezone", .text, "zone of times that have none; by default that of the machine", example: "Europe/Berlin"),
            OptionSpec(
                "max_frame_size", .size(64...64 << 20), default: frameSize, "longest record; what `oversize` says happens to longer ones",
                example: "4MiB"),
            OptionSpec(
                "oversize", .choice(OversizePolicy.allCases.map(\.rawValue)), default: OversizePolicy.truncate.rawValue,
                "what happens to a record that is too long: cut it, drop it, or end its stream with an error", example: "drop"),
        ]
    }

    /// The setting that checked options describe; `zone` is that of the whole configuration. `timezone` and what `adjust` changes are
    /// taken in place of what the options say.
    package init(
        _ values: OptionValues, zone: Zone, timezone: String? = nil, adjust: (inout Texts, inout FramingOptions) -> Void = { _, _ in }
    ) throws(ConfigError) {
        var texts = Texts()
        texts.format = values.text("format") ?? texts.format
        texts.messageFormat = values.text("message_format")
        texts.isStrict = values.boolean("strict")
        texts.framing = values.text("framing")
        texts.multiline = values.text("multiline")
        texts.charset = values.text("charset") ?? texts.charset
        var framing = FramingOptions(
            frameBytesMax: values.size("max_frame_size") ?? 1 << 20,
            oversize: values.text("oversize").flatMap(OversizePolicy.init(rawValue:)) ?? .truncate)
        adjust(&texts, &framing)
        try self.init(texts, zone: try Self.zone(timezone ?? values.text("timezone")) ?? zone, framingOptions: framing)
    }

    private static func zone(_ name: String?) throws(ConfigError) -> Zone? {
        guard let name else { return nil }
        do throws(ZoneError) {
            return try Zone(named: name)
        } catch {
            throw ConfigError(
                .invalidValue, "unknown zone `\(name)` for `timezone`; it takes names such as `Europe/Berlin`, `UTC` or `+02:00`",
                key: "timezone")
        }
    }
}
