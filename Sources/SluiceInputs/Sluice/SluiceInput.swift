import Logging
import NIOCore
package import SluiceComponent
import SluiceConfig
import SluiceNetwork

/// Takes events from other Sluices (`type: sluice` outputs), whole as they are there, and acknowledges them when they are delivered.
///
/// The input's own thread is the event loop of all connections and speaks the protocol (``TransferReceiver``); a second thread makes
/// batches of what came and may block (``TransferFeeder``), so that senders hear that this side is alive while its outputs are down.
///
/// Promises at least once across the network and across restarts of either side: nothing is acknowledged before it is delivered, and
/// what a sender has not heard an acknowledgement of it keeps. A connection that breaks repeats nothing, because this side knows which
/// frames it has taken.
package final class SluiceInput: Input {
    private let setting: SluiceInputSetting

    /// An input; opens nothing before it runs.
    package init(_ setting: SluiceInputSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) {
        try session.run { [setting] loop in TransferReception(setting, session: session, loop: loop) }?.finish()
    }
}

/// The checked options of `type: sluice`.
package struct SluiceInputSetting: Sendable {
    /// Port of addresses without one, on both sides.
    package static let port = 24_514
    private static let schemes: [NetworkAddress.Scheme] = [.tcp, .tls, .unix, .systemd]

    let listen: ListenSetting
    let token: String
    let payloadBytesMax: Int

    /// The declared options.
    static let options: [OptionSpec] =
        ListenSetting.options(schemes: schemes, example: "tcp://0.0.0.0:24514").filter { $0.key != "rate_limit" } + [
            OptionSpec(
                "token", .text, "secret that senders have to show; it travels in the clear, unless they come by `tls://`",
                example: "${SLUICE_TOKEN}", isSecret: true),
            OptionSpec(
                "max_frame_size", .size(TransferFrame.Limit.payloadBytesMin...TransferFrame.Limit.payloadBytesMax), default: "16MiB",
                "longest frame when it is unpacked; frames hold about 1MiB of events, or a single longer event", example: "32MiB"),
        ]

    /// The setting that checked options describe.
    init(_ values: OptionValues, folder: String) throws(ConfigError) {
        listen = try ListenSetting(values, schemes: Self.schemes, folder: folder, port: Self.port)
        token = values.text("token") ?? ""
        payloadBytesMax = values.size("max_frame_size") ?? 16 << 20
        guard token.utf8.count <= TransferFrame.Limit.tokenBytesMax else {
            throw ConfigError(
                .tooLarge, "`token` has \(token.utf8.count) bytes; the most are \(TransferFrame.Limit.tokenBytesMax)", key: "token")
        }
    }
}

/// The checked configuration of ``SluiceInput``.
struct SluiceInputPlan: InputPlan {
    let setting: SluiceInputSetting

    func makeInput() -> any Input { SluiceInput(setting) }
}

extension InputCatalogue {
    /// `type: sluice`.
    static let sluice = Entry(
        kind: "sluice", summary: "events of other Sluices, which send them with `type: sluice` outputs",
        promise:
            "At least once, across the network and across restarts of either side: a frame is acknowledged when every output of its events has taken it, and what was not acknowledged the sender sends again. In order for each sender.",
        options: SluiceInputSetting.options,
        example: "{ type: sluice, listen: \"tcp://0.0.0.0:24514\" }",
        make: { values, setting throws(ConfigError) in
            SluiceInputPlan(setting: try SluiceInputSetting(values, folder: setting.folder))
        })
}
