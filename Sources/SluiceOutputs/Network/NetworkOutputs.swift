import SluiceConfig
import SluiceNetwork

/// The outputs that send over the network, as the catalogue shows them. They share their code; what differs is what they take by default.
enum NetworkOutputs {
    private static let streamPromise =
        "An event counts as delivered when the receiver's system has acknowledged it (TCP, TLS) or the receiver has read it (Unix). What a receiver that dies had not read from its socket yet is sent again: the newest `resend_window` bytes are kept for that, and go out, in order and before anything new, when a connection ends in any way but this one: the receiver closes it, and had read everything. So receivers may get events twice (`resent_records`), and lose only what they had read and not worked on, or what was on its way when this program is killed without a disk buffer. Records are never torn: after a break the last one starts anew. Order holds per connection."

    private static let datagramPromise =
        "An event counts as delivered over UDP when it was sent and no refusal of the receiver's system has come back: what networks and full sockets lose is lost without a trace here. To a Unix socket it counts when the receiver has read it. What was sent since the last confirmation goes out again when the receiver is gone, so receivers may get events twice (`resent_records`)."

    /// `type: syslog`
    static let syslog = OutputCatalogue.Entry(
        kind: "syslog",
        summary:
            "sends syslog messages over UDP, TCP, TLS or to a Unix socket such as `/dev/log`, to one receiver or to several with fail-over or in turn",
        promise: streamPromise + " " + datagramPromise,
        options: DialSetting.options(schemes: [.tls, .tcp, .udp, .unix, .unixgram], example: "tls://logs.example.org:6514", isList: true)
            + [
                NetworkOptions.syslogEncoding,
                NetworkOptions.framing(default: nil, "; by default `octet_counting` over TLS and `newline` else"),
                NetworkOptions.rateLimit, NetworkOptions.maxDatagram, NetworkOptions.resendWindow,
            ],
        example: "{ type: syslog, address: \"tls://logs.example.org:6514\", tls: { ca: ca.pem }, buffer: { type: disk } }",
        make: { values, setting throws(ConfigError) in
            try NetworkPlan(values, setting, schemes: [.tls, .tcp, .udp, .unix, .unixgram], port: 514, tlsPort: 6514)
        })

    /// `type: tcp`
    static let tcp = OutputCatalogue.Entry(
        kind: "tcp", summary: "sends records over TCP or TLS, to one receiver or to several with fail-over or in turn",
        promise: streamPromise,
        options: DialSetting.options(schemes: [.tcp, .tls], example: "tcp://10.1.2.3:5170", isList: true) + [
            NetworkOptions.framing(default: "newline", ""), NetworkOptions.rateLimit, NetworkOptions.resendWindow,
        ],
        example: "{ type: tcp, address: \"tcp://10.1.2.3:5170\", encoding: json }",
        make: { values, setting throws(ConfigError) in try NetworkPlan(values, setting, schemes: [.tcp, .tls]) })

    /// `type: udp`
    static let udp = OutputCatalogue.Entry(
        kind: "udp", summary: "sends each record as a datagram over UDP", promise: datagramPromise,
        options: DialSetting.options(schemes: [.udp], example: "udp://10.1.2.3:5170", isList: true) + [
            NetworkOptions.rateLimit, NetworkOptions.maxDatagram,
        ],
        example: "{ type: udp, address: \"udp://10.1.2.3:5170\", encoding: json }",
        make: { values, setting throws(ConfigError) in try NetworkPlan(values, setting, schemes: [.udp]) })

    /// `type: unix`
    static let unix = OutputCatalogue.Entry(
        kind: "unix", summary: "sends records to a Unix socket of this machine: a stream (`unix:`) or datagrams (`unixgram:`)",
        promise: streamPromise + " " + datagramPromise,
        options: DialSetting.options(schemes: [.unix, .unixgram], example: "unix:/run/app.sock", isList: true) + [
            NetworkOptions.framing(default: "newline", ""), NetworkOptions.rateLimit, NetworkOptions.maxDatagram,
            NetworkOptions.resendWindow,
        ],
        example: "{ type: unix, address: \"unix:/run/app.sock\", encoding: json }",
        make: { values, setting throws(ConfigError) in try NetworkPlan(values, setting, schemes: [.unix, .unixgram]) })
}
