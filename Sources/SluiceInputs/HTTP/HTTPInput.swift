import Logging
import NIOCore
package import SluiceComponent
import SluiceConfig
import SluiceNetwork

/// Takes records that are posted over HTTP: JSON (values one after the other, or arrays of them) and lines of any format.
///
/// The input's own thread is the event loop of all connections and speaks HTTP (``HTTPConnection``); a second thread unpacks, checks and
/// sends bodies and may block (``HTTPDelivery``). A request is all or nothing: what cannot be read as a whole is answered with the
/// place of the fault, and nothing of it is sent on.
///
/// Promises at least once to senders that repeat what was not answered with 200: that comes only when every output has taken the
/// records. While lanes are busy, requests are answered with 429 and nothing of them is taken.
package final class HTTPInput: Input {
    private let setting: HTTPInputSetting

    /// An input; opens nothing before it runs.
    package init(_ setting: HTTPInputSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) {
        try session.run { [setting] loop in HTTPReception(setting, session: session, loop: loop) }?.finish()
    }
}

/// The checked configuration of ``HTTPInput``.
struct HTTPInputPlan: InputPlan {
    let setting: HTTPInputSetting

    func makeInput() -> any Input { HTTPInput(setting) }
}

extension InputCatalogue {
    /// `type: http`.
    static let http = Entry(
        kind: "http", summary: "records that are posted over HTTP: NDJSON, JSON arrays, or lines",
        promise:
            "At least once, when senders repeat what was not answered with status 200: that comes when every output has taken the records of the request. A request that cannot be read is refused as a whole; while outputs are slow it is answered with 429 and not taken. In order for each connection.",
        options: HTTPInputSetting.options,
        example: "{ type: http, listen: \"tcp://127.0.0.1:8080\", token: \"${HTTP_TOKEN}\" }",
        make: { values, setting throws(ConfigError) in HTTPInputPlan(setting: try HTTPInputSetting(values, setting)) })
}
