package import SluiceConfig
package import SluiceFraming
package import SluiceNetwork

/// The kinds of inputs that take log messages from sockets. They are one input; what differs is said here.
package enum ListeningKind: String, Sendable, CaseIterable {
    case syslog, tcp, udp, unix

    /// Where it can listen.
    package var schemes: [NetworkAddress.Scheme] {
        switch self {
        case .syslog: [.udp, .tcp, .tls, .unix, .unixgram, .systemd]
        case .tcp: [.tcp, .tls, .systemd]
        case .udp: [.udp, .systemd]
        case .unix: [.unix, .unixgram, .systemd]
        }
    }

    /// The port of an address that names none; nil where one is needed.
    package var port: Int? { self == .syslog ? 514 : nil }

    /// The same with TLS.
    package var tlsPort: Int? { self == .syslog ? 6_514 : nil }

    /// The format that is taken for granted.
    package var format: String { self == .syslog ? "syslog" : "auto" }

    /// The framing that is taken for granted on connections; nil: as the format wants.
    package var framing: Framing? { self == .syslog ? .auto : nil }

    /// Whether a missing `hostname` and `timestamp` can be filled in.
    package var canFill: Bool { self == .syslog }

    /// The declared options.
    package var options: [OptionSpec] {
        ListenSetting.options(schemes: schemes, example: listenExample)
            + (schemes.contains(.udp) ? [Self.receiversOption] : [])
            + DecodingSetting.options(format: format, frameSize: "64KiB", framing: framing, framingSummary: framingSummary)
            + (canFill ? [Self.fillOption] : []) + [Self.peersOption]
    }

    /// Whether it takes datagrams, and connections, from passed sockets too.
    package var takesDatagrams: Bool { self != .tcp }
    package var takesStreams: Bool { self != .udp }

    /// What `framing` is for, where datagrams are records already.
    private var framingSummary: String? {
        switch self {
        case .syslog: "how the bytes of a connection are cut into records; by lines where `multiline` joins them. A datagram is always one"
        case .tcp: nil
        case .udp: "how a datagram is cut into records; by default it is one, whatever lines are in it"
        case .unix: "how bytes are cut into records; by default those of a connection as the format wants, and a datagram is one"
        }
    }

    private var listenExample: String {
        switch self {
        case .syslog: "[\"udp://0.0.0.0:514\", \"tcp://0.0.0.0:514\"]"
        case .tcp: "tcp://127.0.0.1:5170"
        case .udp: "udp://127.0.0.1:5170"
        case .unix: "unix:/run/app.sock"
        }
    }

    /// What a missing field is filled with.
    package enum Fill: String, Sendable, CaseIterable {
        case all, none
    }

    private static let receiversOption = OptionSpec(
        "receivers", .integer(1...64), default: "1",
        "sockets that share each UDP address, with a thread each; what one sender sends from one port stays in order", example: "4")

    private static let fillOption = OptionSpec(
        "fill", .choice(Fill.allCases.map(\.rawValue)), default: Fill.all.rawValue,
        "fill a missing `hostname` with the peer's address (on Unix sockets with this machine's name) and a missing `timestamp` with the time of receipt",
        example: "none")

    private static let peersOption = OptionSpec(
        "peers", .texts,
        "what differs for some peers: a block of addresses, then `timezone=`, `charset=` or `format=`; the first that a peer lies in counts",
        example: "[\"10.1.0.0/16 timezone=Europe/Berlin\", \"10.2.3.4 charset=gbk\"]")
}
