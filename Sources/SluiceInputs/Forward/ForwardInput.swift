import Logging
import NIOCore
package import SluiceComponent
import SluiceConfig
import SluiceNetwork

/// Takes events from Fluentd, Fluent Bit, Docker's fluentd log driver, the fluent-logger libraries, and other Sluices.
///
/// The forward protocol, specification v1 and v1.5: messages, forward, packed forward, compressed or not; acknowledgements; shared key
/// and users; heartbeats. A chunk is acknowledged when its events were answered by their outputs and everything that has to last is on
/// disk; its sender keeps it until then. A chunk that cannot be read is refused whole and its connection closed; a single entry that is no
/// event is kept as a dead letter. Order holds for each connection.
package final class ForwardInput: Input {
    private let setting: ForwardSetting

    /// An input; opens nothing before it runs.
    package init(_ setting: ForwardSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) {
        _ = try session.run { [setting] loop in ForwardReception(setting, session: session, loop: loop) }
    }
}

/// The checked configuration of ``ForwardInput``.
struct ForwardPlan: InputPlan {
    let setting: ForwardSetting

    func makeInput() -> any Input { ForwardInput(setting) }
}

extension InputCatalogue {
    /// `type: forward`.
    static let forward = Entry(
        kind: "forward", summary: "events of Fluentd, Fluent Bit, Docker's fluentd driver and other Sluices, by the forward protocol",
        promise:
            "In order for each connection. At least once from senders that ask for acknowledgements (`require_ack_response`): a chunk is acknowledged when its events are delivered, and is sent again when the service dies before. From others, what was received and not delivered is lost with it.",
        options: ForwardSetting.options, example: "{ type: forward, listen: \"tcp://0.0.0.0:24224\" }",
        make: { values, setting throws(ConfigError) in ForwardPlan(setting: try ForwardSetting(values, setting)) })
}
