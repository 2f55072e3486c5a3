package import SluiceConfig

extension DialSetting {
    private static let second: Int64 = 1_000_000_000
    private static let hour: Int64 = 3_600 * second

    /// The declarations. `example` is an address; `isList` says whether there may be several, and then `balance`.
    package static func options(schemes: [NetworkAddress.Scheme], example: String, isList: Bool) -> [OptionSpec] {
        let words = schemes.map { "`\($0.rawValue)\($0.hasPath ? ":" : "://")`" }.joined(separator: ", ")
        var options = [
            OptionSpec(
                "address", isList ? .texts : .text,
                isList ? "where to send to: one address or a list of them, with \(words)" : "what to connect to, with \(words)",
                example: example, isRequired: true)
        ]
        if isList { options += listOptions }
        if schemes.contains(.tls) {
            options.append(
                OptionSpec("tls", .group(DialTLS.options), "how `tls://` addresses are trusted", example: "{ ca: /etc/sluice/ca.pem }"))
        }
        options.append(
            OptionSpec(
                "connect_timeout", .duration(10_000_000...10 * 60 * second), default: "10s",
                "time for finding the name's address, connecting and the TLS handshake together", example: "3s"))
        options.append(
            OptionSpec(
                "write_timeout", .duration(10_000_000...24 * hour), default: "1m",
                "time after which a connection is given up that has bytes to send and whose peer takes and acknowledges nothing",
                example: "30s"))
        if schemes.contains(.tcp) || schemes.contains(.tls) {
            options.append(KeepAlive.option(.ofDialed))
        }
        return options
    }

    private static let listOptions: [OptionSpec] = [
        OptionSpec(
            "balance", .choice(Balance.allCases.map(\.rawValue)), default: Balance.failover.rawValue,
            "with several addresses: the first that can be reached, or all of them in turn", example: "round_robin"),
        OptionSpec(
            "failback", .duration(100_000_000...24 * hour), default: "1m",
            "with `balance: failover`: how often an address before the one in use is tried again", example: "10s"),
    ]
}

extension NetworkAddress.Scheme {
    /// Whether a path or a name follows the colon.
    var hasPath: Bool {
        switch self {
        case .udp, .tcp, .tls: false
        case .unix, .unixgram, .systemd: true
        }
    }
}
