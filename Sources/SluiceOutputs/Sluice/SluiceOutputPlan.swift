import SluiceComponent
import SluiceConfig
import SluiceEncoding
import SluiceNetwork

/// The checked options of `type: sluice`.
struct SluiceOutputPlan: OutputPlan {
    /// Port of addresses without one, on both sides.
    private static let port = 24_514
    private static let schemes: [NetworkAddress.Scheme] = [.tcp, .tls, .unix]
    private static let second: Int64 = 1_000_000_000

    let dial: DialSetting
    let token: String
    let compression: TransferCompression
    let acknowledgementNs: Int64

    /// As they stand in the reference.
    static let options: [OptionSpec] =
        DialSetting.options(schemes: schemes, example: "tcp://collector:24514", isList: true).filter { $0.key != "balance" } + [
            OptionSpec(
                "token", .text, "secret that the receiver asks for; it travels in the clear, unless to `tls://`",
                example: "${SLUICE_TOKEN}",
                isSecret: true),
            OptionSpec(
                "compression", .choice(TransferCompression.allCases.map(\.name)), default: "gzip", "how events are packed on the way",
                example: "zstd"),
            OptionSpec(
                "ack_timeout", .duration(second...24 * 3_600 * second), default: "60s",
                "time without a sign of life of a receiver that owes an acknowledgement, after which the connection is given up; receivers give one every 10s, also while their own outputs are down",
                example: "30s"),
            .acknowledgedBatch,
        ]

    init(_ values: OptionValues, _ setting: OutputSetting) throws(ConfigError) {
        dial = try DialSetting(values, schemes: Self.schemes, folder: setting.folder, port: Self.port)
        token = values.text("token") ?? ""
        guard token.utf8.count <= TransferFrame.Limit.tokenBytesMax else {
            throw ConfigError(
                .tooLarge, "`token` has \(token.utf8.count) bytes; the most are \(TransferFrame.Limit.tokenBytesMax)", key: "token")
        }
        let name = values.text("compression") ?? "gzip"
        compression = TransferCompression.allCases.first { $0.name == name } ?? .gzip
        guard TransferCompression.known.contains(compression) else {
            throw ConfigError(
                .notBuiltIn,
                "this program was built without zstd; write `compression: gzip`, or build it with `--traits Zstd`", key: "compression")
        }
        acknowledgementNs = values.duration("ack_timeout") ?? 60 * Self.second
    }

    func makeEncoder(inputs: [String]) -> (any Encoder)? { PackedEventEncoder(inputs: inputs) }

    func makeOutput(_ context: OutputContext) -> any Output { SluiceOutput(self, context) }
}
