import SluiceComponent
import SluiceConfig
import SluiceEncoding
import SluiceNetwork

/// A checked configuration of a `forward` output.
struct ForwardOutputPlan: OutputPlan {
    private static let schemes: [NetworkAddress.Scheme] = [.tcp, .tls, .unix]
    private static let second: Int64 = 1_000_000_000
    private static let port = 24_224
    /// A tag that no receiver refuses.
    private static let tagBytesMax = 1_024

    let path: PathTemplate?
    let settings: ForwardSettings

    /// How chunks are packed.
    enum Compression: String, CaseIterable {
        case none, gzip
    }

    /// As they stand in the reference.
    static let options: [OptionSpec] =
        DialSetting.options(schemes: schemes, example: "tcp://collector:24224", isList: true) + [
            OptionSpec(
                "tag", .text, default: "{@tag:-sluice}",
                "tag of the events, with fields, `meta` and times in it as in a file's path; receivers route by it",
                example: "\"app.{hostname}\""),
            OptionSpec(
                "require_ack", .boolean, default: "true",
                "wait until the receiver has acknowledged each chunk; without it what the receiver had not worked on when it died is lost",
                example: "false"),
            OptionSpec(
                "ack_timeout", .duration(second / 10...24 * 3_600 * second), default: "30s",
                "time without any acknowledgement after which what was not acknowledged is sent again on another connection; longer than the receiver's outputs are ever down, if it is to get nothing twice",
                example: "5m"),
            OptionSpec(
                "compression", .choice(Compression.allCases.map(\.rawValue)), default: "none", "how chunks are packed on the way",
                example: "gzip"),
            OptionSpec(
                "chunk_size", .size(1_024...64 << 20), default: "1MiB",
                "bytes of events in one message before compression, unless a single event has more; receivers have a limit of their own",
                example: "4MiB"),
            OptionSpec(
                "shared_key", .text, "key that the receiver asks for", example: "\"${FORWARD_KEY}\"", isSecret: true),
            OptionSpec(
                "self_hostname", .text,
                "name of this sender in the handshake, other than that of the receiver; by default the machine's",
                example: "web1.example.net"),
            OptionSpec("username", .text, "user that the receiver asks for on top of the key", example: "anna"),
            OptionSpec("password", .text, "password of the user", example: "\"${FORWARD_PASSWORD}\"", isSecret: true),
            .acknowledgedBatch,
        ]

    /// Checks the options that need each other.
    init(_ values: OptionValues, _ setting: OutputSetting) throws(ConfigError) {
        let dial = try DialSetting(values, schemes: Self.schemes, folder: setting.folder, port: Self.port)
        path = try Self.tag(values.text("tag") ?? "", setting)
        let hostname = values.text("self_hostname") ?? ""
        let secret = values.text("shared_key").map { ForwardSecret(sharedKey: $0, hostname: hostname) }
        for key in ["self_hostname", "username", "password"] where secret == nil && values.isSet(key) {
            throw ConfigError(
                .missingOption, "`\(key)` of output `\(setting.name)` says nothing without a `shared_key`, which the handshake begins with",
                key: key)
        }
        var user: ForwardSecret.User?
        if let name = values.text("username") {
            guard let password = values.text("password") else {
                throw ConfigError(.missingOption, "`username` of output `\(setting.name)` needs a `password`", key: "username")
            }
            user = ForwardSecret.User(name: name, password: password)
        } else if values.isSet("password") {
            throw ConfigError(.missingOption, "`password` of output `\(setting.name)` needs a `username`", key: "password")
        }
        settings = ForwardSettings(
            dial: dial, secret: secret, user: user, requiresAcknowledgement: values.boolean("require_ack"),
            acknowledgementNs: values.duration("ack_timeout") ?? 30 * Self.second,
            isCompressed: values.text("compression") == Compression.gzip.rawValue, chunkBytesMax: values.size("chunk_size") ?? 1 << 20)
    }

    private static func tag(_ text: String, _ setting: OutputSetting) throws(ConfigError) -> PathTemplate {
        guard !text.isEmpty, text.utf8.count <= tagBytesMax else {
            throw ConfigError(
                .invalidValue,
                "`tag` of output `\(setting.name)` has \(text.utf8.count) bytes; a tag has 1 to \(tagBytesMax), as in `app.{hostname}`",
                key: "tag")
        }
        do throws(TemplateError) {
            return try PathTemplate(text, zone: setting.zone, inputs: setting.inputs)
        } catch {
            throw ConfigError(.invalidValue, "`tag` of output `\(setting.name)`: \(error.message)", key: "tag")
        }
    }

    func makeEncoder(inputs: [String]) -> (any Encoder)? { ForwardEntryEncoder() }

    func makeOutput(_ context: OutputContext) -> any Output { ForwardOutput(settings, context) }
}
