import Glibc
import Logging
package import SluiceComponent
import SluiceConfig

/// Hands records to the standard input of a program that it starts and keeps running.
///
/// An event counts as delivered when the program's standard input has taken its bytes; what the program has not read when it dies (a
/// pipe holds 64 KiB) is lost with it. The parcel during which it dies is written again, whole, to the next one: at least once.
/// A program that ended is started again at the next write, not sooner than a delay that doubles with each quick end.
package final class ExecOutput: Output {
    /// Name in configuration.
    package static let kind = "exec"

    /// What the catalogue says about it.
    static let entry = OutputCatalogue.Entry(
        kind: kind,
        summary:
            "hands records to the standard input of a program, which is started with the first event and again when it ends; what the program writes goes to the log",
        promise:
            "An event counts as delivered when the program's standard input has taken its bytes: what it has not read when it dies is lost with it (at most what a pipe holds, 64 KiB). What was being written when it died is written again to the next one, so it may get events twice.",
        options: ExecPlan.options,
        example: "{ type: exec, command: [/usr/local/bin/ingest, --stdin] }",
        make: { values, setting throws(ConfigError) in try ExecPlan(values, setting) })

    private let settings: ExecSettings
    private let context: OutputContext
    private var child: ExecChild?
    private var headerWritten = 0
    /// When a program may be started again, on the monotonic clock.
    private var nextStart: Int64 = 0
    private var startedAt: Int64 = 0
    private var delay: Int64
    private var starts = 0

    init(_ settings: ExecSettings, _ context: OutputContext) {
        self.settings = settings
        self.context = context
        delay = settings.restartDelayNs
    }

    package func write(_ parcel: Parcel) throws(OutputError) {
        let child = try runningChild()
        do throws(SystemFault) {
            try settings.header.withUnsafeBufferPointer { bytes throws(SystemFault) in
                try child.write(UnsafeRawBufferPointer(bytes), written: &headerWritten)
            }
            try write(parcel, to: child)
        } catch {
            if error.number == ECANCELED { throw .stopped(settings.name) }
            // The next program gets the whole parcel.
            parcel.partsWritten = 0
            parcel.partBytesWritten = 0
            throw ended(child, because: error.number)
        }
    }

    package func close() throws(OutputError) {
        guard let child else { return }
        self.child = nil
        let status = child.end(graceNs: settings.graceNs, stop: context.stop)
        let text = status.text
        if status == .exited(0) {
            context.log.info("output `\(context.name)`: `\(settings.name)` \(text)")
        } else {
            context.log.warning("output `\(context.name)`: `\(settings.name)` \(text) after its input was closed")
        }
    }

    package var counters: [OutputCounter] {
        [OutputCounter("program_starts", starts), OutputCounter("program_running", child == nil ? 0 : 1, isTotal: false)]
    }

    private func write(_ parcel: Parcel, to child: ExecChild) throws(SystemFault) {
        var fault: SystemFault?
        do throws(OutputError) {
            try parcel.writeParts { _, bytes, written throws(OutputError) in
                do throws(SystemFault) {
                    try child.write(bytes, written: &written)
                } catch {
                    fault = error
                    throw OutputError.system("write", settings.name, error.number)
                }
            }
        } catch {
            throw fault ?? SystemFault(EPIPE)
        }
    }

    private func runningChild() throws(OutputError) -> ExecChild {
        if let child {
            guard child.hasEnded else { return child }
            throw ended(child, because: EPIPE)
        }
        let now = MonotonicClock.now
        guard now >= nextStart else {
            let rest = (nextStart - now + 999_999_999) / 1_000_000_000
            throw OutputError(code: .cannotWrite, message: "`\(settings.name)` is not running; it is started again in \(rest) s")
        }
        do throws(SystemFault) {
            let child = try ExecChild(settings, context)
            self.child = child
            headerWritten = 0
            starts += 1
            startedAt = now
            return child
        } catch {
            waitBeforeStart(ranNs: 0)
            throw OutputError(
                code: .cannotCreate, message: "cannot start `\(settings.name)`: \(String(cString: strerror(error.number)))")
        }
    }

    /// The program cannot be written to any more: makes sure of its end.
    private func ended(_ child: ExecChild, because number: Int32) -> OutputError {
        self.child = nil
        let status = child.end(graceNs: settings.graceNs, stop: context.stop)
        waitBeforeStart(ranNs: MonotonicClock.now - startedAt)
        return OutputError(
            code: .cannotWrite,
            message: "`\(settings.name)` \(status.text) while it was needed; what it was being given is written again to the next one")
    }

    private func waitBeforeStart(ranNs: Int64) {
        if ranNs >= Self.steadyNs { delay = settings.restartDelayNs }
        nextStart = MonotonicClock.now + delay
        delay = min(delay * 2, Self.delayNsMax)
    }

    /// A program that ran so long did not fail at its start.
    private static let steadyNs: Int64 = 60_000_000_000
    private static let delayNsMax: Int64 = 60_000_000_000
}
