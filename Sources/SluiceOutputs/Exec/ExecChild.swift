import Glibc
import Logging
import SluiceComponent

/// A running program with a pipe to its standard input; its standard output and error go to the log.
///
/// It has a process group of its own: a signal from the terminal does not reach it, and the end takes what it started along. One
/// thread reads what it writes, another waits for its end.
final class ExecChild {
    /// Time after TERM when the whole program is to end at once.
    private static let hurriedNs: Int64 = 500_000_000

    private let input: Int32
    private let writer: StreamWriter
    private let reading: WorkerThread
    private let waiting: WorkerThread
    private let result: ExecResult

    /// Starts the program.
    init(_ settings: ExecSettings, _ context: OutputContext) throws(SystemFault) {
        let pipes = try ExecPipes()
        let process: pid_t
        do throws(SystemFault) {
            process = try pipes.spawn(settings)
        } catch {
            pipes.closeAll()
            throw error
        }
        pipes.closeTheirs()
        let result = ExecResult(process)
        self.result = result
        input = pipes.input.writing
        writer = StreamWriter(descriptor: input, name: settings.name, stop: context.stop)
        let lines = LogLines(context.log, prefix: "output `\(context.name)`: `\(settings.name)`")
        let (output, error) = (pipes.output.reading, pipes.error.reading)
        reading = WorkerThread("exec log") { lines.read(output: output, error: error, ended: result.ended) }
        waiting = WorkerThread("exec wait") { result.wait() }
    }

    /// Whether the program is gone.
    var hasEnded: Bool { result.ended.isSet }

    /// Writes to its standard input; ECANCELED says that the stop flag ended a wait.
    func write(_ bytes: UnsafeRawBufferPointer, written: inout Int) throws(SystemFault) { try writer.put(bytes, written: &written) }

    /// Closes its input and waits for its end, with TERM and KILL when it takes too long. Once.
    func end(graceNs: Int64, stop: StopFlag) -> ExecStatus {
        writer.closeOwn()
        close(input)
        if !result.waitForEnd(nanoseconds: graceNs, stop: stop) { result.signal(SIGTERM) }
        if !result.waitForEnd(nanoseconds: stop.isSet ? min(graceNs, Self.hurriedNs) : graceNs, stop: nil) { result.signal(SIGKILL) }
        waiting.join()
        reading.join()
        return result.status ?? .exited(0)
    }
}
