import SluiceComponent
import SluiceConfig
import SluiceFraming
import SluiceNetwork

/// The checked options of `type: http`.
package struct HTTPInputSetting: Sendable {
    /// How the bytes of a body become events.
    enum Form: Sendable {
        /// JSON values one after the other, elements of arrays by themselves.
        case json(DecodingSetting)
        /// Records as `framing` cuts them.
        case records(DecodingSetting)

        var decoding: DecodingSetting {
            switch self {
            case .json(let decoding), .records(let decoding): decoding
            }
        }
    }

    private static let schemes: [NetworkAddress.Scheme] = [.tcp, .tls, .unix, .systemd]
    private static let second: Int64 = 1_000_000_000

    let listen: ListenSetting
    /// Nil for any.
    let path: String?
    /// Nil for none.
    let token: String?
    let bodyBytesMax: Int
    let confirmationNs: Int64
    /// What the bodies are whatever their type says; nil: as that says.
    let form: Form?
    /// JSON and text as their types say.
    let jsonForm: Form
    let plainForm: Form

    /// The declared options.
    static let options: [OptionSpec] =
        ListenSetting.options(schemes: schemes, example: "tcp://127.0.0.1:8080").filter { $0.key != "rate_limit" } + ownOptions
        + recordOptions

    private static let ownOptions: [OptionSpec] = [
        OptionSpec("path", .text, "the only path that is posted to; without it any", example: "/logs"),
        OptionSpec(
            "token", .text, "secret that requests have to show, as `Authorization: Bearer …`", example: "${HTTP_TOKEN}", isSecret: true),
        OptionSpec(
            "max_body", .size(1 << 10...1 << 30), default: "16MiB",
            "longest body, also when it is unpacked; four times as much is held for all requests together, more are told to come again",
            example: "64MiB"),
        OptionSpec(
            "confirm_timeout", .duration(10_000_000...24 * 3_600 * second), default: "60s",
            "how long a request waits for the outputs; then it is answered with 503, although its records may still arrive",
            example: "20s"),
    ]

    /// Those of every input of bytes, but a request says itself what it holds, and is taken whole.
    private static let recordOptions: [OptionSpec] = DecodingSetting.options().map { spec in
        switch spec.key {
        case "format":
            OptionSpec(
                "format", .text,
                "format of the records, whatever `Content-Type` says; without it `json` for JSON types and `plain` for text",
                example: spec.example)
        case "oversize":
            OptionSpec(
                "oversize", .choice([OversizePolicy.truncate, .drop].map(\.rawValue)), default: OversizePolicy.truncate.rawValue,
                "what happens to a line that is too long: cut it, or drop it; a request with a JSON value that is too long is refused",
                example: "drop")
        default: spec
        }
    }

    /// The setting that checked options describe.
    init(_ values: OptionValues, _ setting: InputSetting) throws(ConfigError) {
        listen = try ListenSetting(values, schemes: Self.schemes, folder: setting.folder)
        path = values.text("path")
        if let path, !path.hasPrefix("/") || path.contains("?") || path.contains("#") {
            throw ConfigError(.invalidValue, "`\(path)` is no value for `path`; it takes one such as `/logs`", key: "path")
        }
        token = values.text("token")
        bodyBytesMax = values.size("max_body") ?? 16 << 20
        confirmationNs = values.duration("confirm_timeout") ?? 60 * Self.second
        jsonForm = try Self.form(values, setting, "json")
        plainForm = try Self.form(values, setting, "plain")
        form = try values.text("format").map { format throws(ConfigError) in try Self.form(values, setting, format) }
    }

    private static func form(_ values: OptionValues, _ setting: InputSetting, _ format: String) throws(ConfigError) -> Form {
        let decoding = try DecodingSetting(values, zone: setting.zone) { texts, _ in texts.format = format }
        // Where records are cut otherwise, or converted first, JSON is one record each.
        let isCut = values.isSet("framing") || values.isSet("multiline") || values.text("charset") != "utf-8"
        return decoding.formatName == "json" && !isCut ? .json(decoding) : .records(decoding)
    }
}
