import SluiceConfig
import SluiceEncoding
import SluiceNetwork

/// Options of the outputs that send over the network, beside those of ``DialSetting``.
enum NetworkOptions {
    static let rateLimit = OptionSpec(
        "rate_limit", .integer(1...10_000_000), "records a second; more wait, and nothing is dropped", example: "5000")

    static let maxDatagram = OptionSpec(
        "max_datagram", .size(256...1 << 20), default: "64KiB",
        "bytes of a datagram, over UDP never more than 65507; longer records are cut at the end of a character and counted",
        example: "8KiB")

    static let resendWindow = OptionSpec(
        "resend_window", .size(0...1 << 30), default: "4MiB",
        "bytes that are kept after the receiver's system has acknowledged them, and sent again when the receiver ends a connection without having read them; as much as a receiver's socket may hold, `0B` for nothing",
        example: "16MiB")

    /// Words that `framing` takes.
    private static let framings = OptionSpec.Kind.choice(WireFraming.allCases.map(\.rawValue))

    /// The option `framing`; without a default it follows from the addresses.
    static func framing(default standard: String?, _ words: String) -> OptionSpec {
        OptionSpec(
            "framing", framings, default: standard, "how records are told apart in a stream\(words)", example: "octet_counting")
    }

    /// The encoding that syslog receivers understand.
    static let syslogEncoding = OptionSpec(
        "encoding", .variant(EncoderCatalogue.variants), default: RFC5424Encoder.kind,
        "how events become bytes: `rfc5424`, `rfc3164`, `raw` for the original bytes with their header, or any other",
        example: "{ type: rfc3164, time: rfc3339 }")
}
