import Logging
package import SluiceComponent
import SluiceConfig

/// What a program writes to its standard output, restarted when it ends.
///
/// The program runs in a process group of its own and gets SIGTERM, later SIGKILL, when the input ends. What it writes to its
/// standard error goes to the log. Promises the order of lines, and nothing across a restart.
package final class ExecInput: Input {
    private let setting: ExecSetting

    /// An input; starts nothing before it runs.
    package init(_ setting: ExecSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) {
        let shared = SharedDecoding(setting.decoding)
        let call = setting.call
        var restart = setting.restart
        while !session.stop.isSet {
            let begin = MonotonicClock.now
            var wasFailure = true
            do throws(InputError) {
                let ending = try call.run(session) { output, id throws(InputError) in
                    let reader = try FileReader(descriptor: output, name: call.program, closes: true)
                    var stream = PipeStream(reader, shared, stream: UInt64(id))
                    return try stream.run(session)
                }
                guard let ending else { return }
                wasFailure = ending.isFailure
            } catch {
                if restart.rule == .never { throw error }
                session.count(.failures, 1)
                session.log.warning("input `\(session.name)`: \(error.message)")
            }
            guard let pauseNs = restart.ended(wasFailure: wasFailure, ranNs: MonotonicClock.now - begin) else { return }
            session.log.info("input `\(session.name)`: `\(call.program)` is started again in \(DurationText.text(pauseNs))")
            if session.stop.wait(nanoseconds: pauseNs) { return }
        }
    }
}

/// The checked configuration of ``ExecInput``.
struct ExecPlan: InputPlan {
    let setting: ExecSetting

    func makeInput() -> any Input { ExecInput(setting) }
}

extension InputCatalogue {
    /// `type: exec`.
    static let exec = Entry(
        kind: "exec", summary: "what a program writes to its standard output, restarted when it ends",
        promise:
            "In order and without loss while both run; what was read and not delivered is lost when the service dies, because a pipe cannot be read again.",
        options: ExecSetting.options,
        example: "{ type: exec, command: [journalctl, --follow, --output=json], format: json }",
        make: { values, setting throws(ConfigError) in ExecPlan(setting: try ExecSetting(values, setting)) })
}
