import SluiceConfig
import SluiceNetwork

/// The checked options of `type: forward`.
package struct ForwardSetting: Sendable {
    /// Addresses, limits, certificates.
    let listen: ListenSetting
    /// What a sender has to know; nil when everybody who can connect may send. Its host name is empty for the machine's own.
    let secret: ForwardSecret?
    /// Who may send, when the shared key alone is not enough.
    let users: [ForwardSecret.User]
    /// Bytes of one message at most.
    let chunkBytesMax: Int
    /// Bytes of one message's entries at most, once they are unpacked.
    let inflatedBytesMax: Int
    /// Whether heartbeats that come as datagrams are answered.
    let answersHeartbeats: Bool

    /// Bytes that the unfinished messages of all connections may have together.
    var pendingBytesMax: Int { 4 * chunkBytesMax }

    static let schemes: [NetworkAddress.Scheme] = [.tcp, .tls, .unix, .systemd]
    static let port = 24_224

    /// The declared options.
    static let options: [OptionSpec] =
        ListenSetting.options(schemes: schemes, example: "tcp://0.0.0.0:24224") + [
            OptionSpec(
                "shared_key", .text, "key that senders have to know; without it everybody who can connect may send",
                example: "\"${FORWARD_KEY}\"", isSecret: true),
            OptionSpec(
                "self_hostname", .text,
                "name of this receiver in the handshake, other than that of the sender; by default the machine's",
                example: "logs.example.net"),
            OptionSpec(
                "users", .text, "users who may send, in lines `NAME:PASSWORD`, on top of `shared_key`", example: "\"anna:secret\"",
                isSecret: true),
            OptionSpec(
                "max_chunk_size", .size(1_024...(256 << 20)), default: "64MiB",
                "largest message; a connection with a larger one is closed. All connections together may hold four times as much",
                example: "8MiB"),
            OptionSpec(
                "max_inflated_size", .size(1_024...(256 << 20)), default: "256MiB",
                "largest size of a compressed message's events; a connection with a larger one is closed", example: "64MiB"),
            OptionSpec(
                "udp_heartbeat", .boolean, default: "false",
                "answer the heartbeats that old versions of Fluentd send as datagrams to the same port", example: "true"),
        ]

    /// The setting that checked options describe.
    init(_ values: OptionValues, _ setting: InputSetting) throws(ConfigError) {
        listen = try ListenSetting(values, schemes: Self.schemes, folder: setting.folder, port: Self.port)
        let hostname = values.text("self_hostname") ?? ""
        secret = values.text("shared_key").map { ForwardSecret(sharedKey: $0, hostname: hostname) }
        users = try Self.users(values.text("users") ?? "")
        guard users.isEmpty || secret != nil else {
            throw ConfigError(
                .missingOption, "`users` of input `forward` needs a `shared_key`: the protocol asks for users only behind it", key: "users")
        }
        guard secret != nil || !values.isSet("self_hostname") else {
            throw ConfigError(
                .invalidValue, "`self_hostname` of input `forward` says nothing without a `shared_key`", key: "self_hostname")
        }
        chunkBytesMax = values.size("max_chunk_size") ?? 64 << 20
        inflatedBytesMax = values.size("max_inflated_size") ?? 256 << 20
        answersHeartbeats = values.boolean("udp_heartbeat")
    }

    private static func users(_ text: String) throws(ConfigError) -> [ForwardSecret.User] {
        var users: [ForwardSecret.User] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() where !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw ConfigError(
                    .invalidValue, "line \(index + 1) of `users` of input `forward` is not `NAME:PASSWORD`", key: "users")
            }
            guard !users.contains(where: { $0.name == parts[0] }) else {
                throw ConfigError(.duplicate, "`users` of input `forward` names `\(parts[0])` twice", key: "users")
            }
            users.append(ForwardSecret.User(name: parts[0], password: parts[1]))
        }
        return users
    }
}
