import SluiceConfig
import SluiceComponent

/// The checked options of `type: generate`.
package struct GenerateSetting: Sendable {
    /// Ready-made lines by name.
    static let shapes: [(name: String, line: String)] = [
        ("syslog", "<{pri}>1 {time} {host} {program} {pid} - - {word} {word} for {user} from {ip}, request {number}"),
        ("access", "{ip} - {user} [{access_time}] \"GET /{word}/{pid} HTTP/1.1\" {status} {pid} \"-\" \"Mozilla/5.0\""),
        ("json", "{\"timestamp\":\"{time}\",\"host\":\"{host}\",\"level\":\"{level}\",\"message\":\"{word} {word}\",\"number\":{number}}"),
        ("plain", "{word} {word} {word} {number}"),
    ]

    let decoding: DecodingSetting
    /// Lines per second; 0 for as many as possible.
    let rate: Int
    /// Lines in all; nil for no end.
    let count: Int?
    let seed: UInt64
    /// The lines that take turns.
    let lines: [LineTemplate]

    /// The declared options.
    static let options: [OptionSpec] =
        [
            OptionSpec(
                "shape", .choice(shapes.map(\.name)), default: "syslog", "what the lines look like, unless `lines` says it",
                example: "json"),
            OptionSpec(
                "lines", .texts,
                "lines that take turns; these words in braces become values: \(LineTemplate.names.joined(separator: ", "))",
                example: "{time} {host} login of {user} from {ip}"),
            OptionSpec("rate", .integer(0...10_000_000), default: "1", "lines per second; 0 for as many as possible", example: "1000"),
            OptionSpec("count", .integer(0...Int.max), default: "0", "lines in all; 0 for no end", example: "10000"),
            OptionSpec("seed", .integer(0...Int.max), default: "1", "what makes two runs the same or different", example: "42"),
        ] + DecodingSetting.options()

    /// The setting that checked options describe.
    init(_ values: OptionValues, _ setting: InputSetting) throws(ConfigError) {
        decoding = try DecodingSetting(values, zone: setting.zone)
        rate = values.integer("rate") ?? 1
        count = values.integer("count").flatMap { $0 > 0 ? $0 : nil }
        seed = UInt64(values.integer("seed") ?? 1)
        if values.isSet("lines"), values.isSet("shape") {
            throw ConfigError(.invalidValue, "input `generate` takes `shape` or `lines`, not both")
        }
        let shape = Self.shapes.first { $0.name == values.text("shape") }
        let texts = values.isSet("lines") ? values.texts("lines") : shape.map { [$0.line] } ?? []
        guard !texts.isEmpty else { throw ConfigError(.missingOption, "`lines` of input `generate` has no line") }
        lines = try texts.map { text throws(ConfigError) in try LineTemplate(text) }
    }
}
