import Glibc
import Logging
import SluiceComponent

/// A program that an input runs: once, with its standard error in the log and its standard output read by the input.
///
/// It runs in a process group of its own, and gets SIGTERM, later SIGKILL, when the input ends or its output cannot be read.
struct ProgramCall: Sendable {
    /// Program and arguments; never empty.
    let command: [String]
    let folder: String
    /// `NAME=VALUE`, on top of the service's own environment.
    let environment: [String]
    /// Time between SIGTERM and SIGKILL.
    let killWaitNs: Int64
    /// Its beginning and end are no news.
    var isBrief = false
    /// Sees every line of its standard error, on another thread.
    var seeError: (@Sendable (String) -> Void)?

    /// The program's name as it was configured.
    var program: String { command[0] }

    /// Runs the program to its end; nil when the input has to end. `read` gets the reading end of its standard output, which is its to
    /// close, and the program's number.
    func run(
        _ session: any InputSession, read: (Int32, pid_t) throws(InputError) -> PipeStream.Ending
    ) throws(InputError) -> ChildProcess.Ending? {
        let child = try ChildProcess(self)
        if !isBrief { session.count(.opened, 1) }
        session.log.log(level: isBrief ? .debug : .info, "input `\(session.name)`: `\(program)` runs as process \(child.id)")
        let quiet = StopFlag()
        let lines = ErrorLines(
            descriptor: child.error, stop: quiet, log: session.log, input: session.name, program: program, see: seeError)
        let listener = WorkerThread("program-error") { lines.run() }
        defer {
            // What it started may still hold the pipe.
            quiet.set()
            listener.join()
        }
        var isStopped = false
        do throws(InputError) {
            isStopped = try read(child.output, child.id) == .stopped
        } catch {
            end(child, session)
            throw error
        }
        if !isStopped, let ending = child.wait(nanoseconds: nil, stop: session.stop) {
            tell(ending, session)
            return ending
        }
        end(child, session)
        return nil
    }

    private func tell(_ ending: ChildProcess.Ending, _ session: any InputSession) {
        let sentence: Logger.Message = "input `\(session.name)`: `\(program)` \(ending.text)"
        if isBrief { return session.log.debug(sentence) }
        if ending.isFailure { session.log.warning(sentence) } else { session.log.info(sentence) }
    }

    /// Ends the program: politely, then not.
    private func end(_ child: borrowing ChildProcess, _ session: any InputSession) {
        child.signal(SIGTERM)
        if let ending = child.wait(nanoseconds: killWaitNs, stop: nil, killsGroup: true) {
            session.log.info("input `\(session.name)`: `\(program)` \(ending.text)")
        } else {
            session.log.warning("input `\(session.name)`: `\(program)` did not end after SIGTERM; it gets SIGKILL")
            child.signal(SIGKILL)
            _ = child.wait(nanoseconds: nil, stop: nil)
        }
    }
}
