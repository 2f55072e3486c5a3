import Glibc
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
        var restart = setting.restart
        while !session.stop.isSet {
            let begin = MonotonicClock.now
            var wasFailure = true
            do throws(InputError) {
                guard let ending = try runOnce(shared, session) else { return }
                wasFailure = ending.isFailure
            } catch {
                if restart.rule == .never { throw error }
                session.count(.failures, 1)
                session.log.warning("\(error.message)")
            }
            guard let pauseNs = restart.ended(wasFailure: wasFailure, ranNs: MonotonicClock.now - begin) else { return }
            session.log.info("`\(setting.command[0])` is started again in \(pauseNs / 1_000_000) ms")
            if session.stop.wait(nanoseconds: pauseNs) { return }
        }
    }

    /// Runs the program to its end; nil when the input has to end.
    private func runOnce(_ shared: SharedDecoding, _ session: any InputSession) throws(InputError) -> ChildProcess.Ending? {
        let child = try ChildProcess(setting)
        let program = setting.command[0]
        session.count(.opened, 1)
        session.log.info("`\(program)` runs as process \(child.id)")
        let quiet = StopFlag()
        let lines = ErrorLines(descriptor: child.error, stop: quiet, log: session.log)
        let listener = WorkerThread("exec-stderr") { lines.run() }
        defer {
            // What it started may still hold the pipe.
            quiet.set()
            listener.join()
        }
        var isStopped = false
        do throws(InputError) {
            let reader = try FileReader(descriptor: child.output, name: program, closes: true)
            var stream = PipeStream(reader, shared, stream: UInt64(child.id))
            isStopped = try stream.run(session) == .stopped
        } catch {
            end(child, session)
            throw error
        }
        if !isStopped, let ending = child.wait(nanoseconds: nil, stop: session.stop) {
            if ending.isFailure {
                session.log.warning("`\(program)` \(ending.text)")
            } else {
                session.log.info("`\(program)` \(ending.text)")
            }
            return ending
        }
        end(child, session)
        return nil
    }

    /// Ends the program: politely, then not.
    private func end(_ child: borrowing ChildProcess, _ session: any InputSession) {
        child.signal(SIGTERM)
        if let ending = child.wait(nanoseconds: setting.killWaitNs, stop: nil, killsGroup: true) {
            session.log.info("`\(setting.command[0])` \(ending.text)")
        } else {
            session.log.warning("`\(setting.command[0])` did not end after SIGTERM; it gets SIGKILL")
            child.signal(SIGKILL)
            _ = child.wait(nanoseconds: nil, stop: nil)
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
