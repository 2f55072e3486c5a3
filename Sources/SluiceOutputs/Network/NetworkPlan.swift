import NIOCore
import SluiceComponent
import SluiceConfig
import SluiceEncoding
import SluiceNetwork

/// A checked configuration of an output that sends over the network.
enum NetworkPlan: OutputPlan {
    case stream(StreamSettings)
    case datagram(DatagramSettings)

    /// Records are framed when they are sent, by the kind of the connection.
    var framing: RecordFraming { .sized }

    /// Checks the options that need each other.
    init(
        _ values: OptionValues, _ setting: OutputSetting, schemes: [NetworkAddress.Scheme], port: Int? = nil, tlsPort: Int? = nil
    ) throws(ConfigError) {
        let dial = try DialSetting(values, schemes: schemes, folder: setting.folder, port: port, tlsPort: tlsPort)
        let encoding = values.declares("encoding") ? values.variant("encoding") : nil
        if let encoding, encoding.values.declares("framing"), encoding.values.isSet("framing") {
            throw ConfigError(
                .invalidValue,
                "`framing` of encoding `\(encoding.name)` has no place in output `\(setting.name)`, which frames records itself; write `framing` beside `encoding`",
                key: "encoding.framing")
        }
        let rate = values.integer("rate_limit")
        let isDatagram = dial.addresses.map(\.isDatagram)
        guard Set(isDatagram).count == 1 else {
            throw ConfigError(
                .invalidValue,
                "`address` of output `\(setting.name)` mixes streams (`tcp://`, `tls://`, `unix:`) and datagrams (`udp://`, `unixgram:`); give each kind an output of its own",
                key: "address")
        }
        if isDatagram[0] {
            for option in ["framing", "resend_window", "keepalive"] where values.declares(option) && values.isSet(option) {
                throw ConfigError(
                    .invalidValue, "`\(option)` of output `\(setting.name)` is for streams, and its address takes datagrams", key: option)
            }
            let isUDP = dial.addresses.contains { $0.port != nil }
            let bytesMax = values.size("max_datagram") ?? Self.datagramBytesMax
            self = .datagram(
                DatagramSettings(
                    dial: dial, recordsPerSecondMax: rate, bytesMax: isUDP ? min(bytesMax, Self.datagramBytesMax) : bytesMax))
            return
        }
        if values.declares("max_datagram"), values.isSet("max_datagram") {
            throw ConfigError(
                .invalidValue, "`max_datagram` of output `\(setting.name)` is for datagrams, and its address is that of a stream",
                key: "max_datagram")
        }
        let framing = try Self.framing(values, dial.addresses, setting)
        self = .stream(
            StreamSettings(
                dial: dial, framing: framing, keepsSeparators: encoding?.name == CSVEncoder.kind && framing == .newline,
                header: Self.header(setting.header, framing), recordsPerSecondMax: rate,
                windowBytesMax: values.size("resend_window") ?? 4 << 20))
    }

    func makeOutput(_ context: OutputContext) -> any Output {
        switch self {
        case .stream(let settings): StreamOutput(settings, context)
        case .datagram(let settings): DatagramOutput(settings, context)
        }
    }

    /// What IPv4 and UDP leave of 65535 bytes.
    private static let datagramBytesMax = 65_507

    private static func framing(
        _ values: OptionValues, _ addresses: [NetworkAddress], _ setting: OutputSetting
    ) throws(ConfigError) -> WireFraming {
        if let framing = values.text("framing").flatMap(WireFraming.init) { return framing }
        let isTLS = Set(addresses.map { if case .tls = $0 { true } else { false } })
        guard isTLS.count == 1 else {
            throw ConfigError(
                .missingOption,
                "output `\(setting.name)` sends to `tls://` and other addresses, which are framed in different ways by default; write `framing: octet_counting` or `framing: newline`",
                key: "address")
        }
        return isTLS.contains(true) ? .octetCounting : .newline
    }

    /// The head of a CSV stream, framed as records are.
    private static func header(_ header: [UInt8], _ framing: WireFraming) -> ByteBuffer {
        guard !header.isEmpty else { return ByteBuffer() }
        let line = header.last == 0x0A ? header.dropLast() : header[...]
        var sized = ByteBuffer(integer: UInt32(line.count), endianness: .little)
        sized.writeBytes(line)
        var packer = RecordPacker(framing, keepsSeparators: true)
        return sized.withUnsafeReadableBytes { packer.pack($0, recordsMax: 1).chunk.bytes }
    }
}
