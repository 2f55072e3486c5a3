import CSluice
import Glibc
import SluiceComponent

/// A program that was started, in a process group of its own, with pipes at its standard output and error.
struct ChildProcess: ~Copyable {
    /// How it ended.
    enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)

        /// Whether it says that something went wrong.
        var isFailure: Bool { self != .exited(0) }

        /// For the log.
        var text: String {
            switch self {
            case .exited(let status): "exited with status \(status)"
            case .killed(let signal): "was ended by signal \(signal)"
            }
        }
    }

    let id: pid_t
    /// Reading ends; the caller closes ``output``.
    let output: Int32
    let error: Int32
    private let ended: Int32

    /// Starts a program, or throws why it cannot be started.
    init(_ call: ProgramCall) throws(InputError) {
        let program = call.program
        var outputs: [Int32] = [-1, -1]
        var errors: [Int32] = [-1, -1]
        guard sl_pipe(&outputs) == 0, sl_pipe(&errors) == 0 else {
            let number = errno
            for end in outputs where end >= 0 { close(end) }
            throw InputError.system("make a pipe for", program, number)
        }
        let started = Self.spawn(call, output: outputs[1], error: errors[1])
        close(outputs[1])
        close(errors[1])
        guard started > 0 else {
            close(outputs[0])
            close(errors[0])
            throw InputError.system("start", program, -started)
        }
        id = started
        output = outputs[0]
        error = errors[0]
        ended = sl_process_descriptor(started)
    }

    deinit {
        close(error)
        if ended >= 0 { close(ended) }
    }

    private static func spawn(_ call: ProgramCall, output: Int32, error: Int32) -> pid_t {
        var arguments = call.command.map { strdup($0) } + [nil]
        var variables = call.environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        return call.folder.withCString { sl_spawn(call.program, &arguments, &variables, $0, output, error) }
    }

    /// Sends a signal to it and all that it started.
    func signal(_ number: Int32) { kill(-id, number) }

    /// Waits for its end, so many nanoseconds (nil: for ever) or until a flag is set; nil when it still runs. `killsGroup`: what it
    /// started and left behind ends with it.
    func wait(nanoseconds: Int64?, stop: StopFlag?, killsGroup: Bool = false) -> Ending? {
        let end = nanoseconds.map { MonotonicClock.now + $0 }
        while true {
            if hasEnded {
                // Before its number is free for another process.
                if killsGroup { signal(SIGKILL) }
                var status: Int32 = 0
                while waitpid(id, &status, 0) < 0, errno == EINTR {}
                return Self.ending(status)
            }
            if stop?.isSet == true { return nil }
            let rest = end.map { $0 - MonotonicClock.now }
            if let rest, rest <= 0 { return nil }
            // Without a descriptor of the process its end is looked for now and then.
            let restMs = rest.map { Int32(clamping: ($0 + 999_999) / 1_000_000) } ?? (ended < 0 ? 100 : -1)
            var entries = (
                pollfd(fd: ended, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
            )
            _ = withUnsafeMutableBytes(of: &entries) {
                poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, ended < 0 ? min(restMs, 100) : restMs)
            }
        }
    }

    /// Whether it has ended; its number stays its own.
    private var hasEnded: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) != 0 || information.si_signo != 0
    }

    private static func ending(_ status: Int32) -> Ending {
        status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: status & 0x7F)
    }
}
