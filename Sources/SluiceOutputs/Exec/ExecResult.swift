import CSluice
import Glibc
import SluiceComponent
import Synchronization

/// How a program ended.
enum ExecStatus: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)

    /// From what `waitpid` said.
    init(_ status: Int32) {
        let signal = status & 0x7F
        self = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
    }

    /// What is said of it.
    var text: String {
        switch self {
        case .exited(let code): "ended with exit status \(code)"
        case .signalled(let number): "was ended by signal \(number)"
        }
    }
}

/// The end of a program, waited for by one thread and asked for by another.
final class ExecResult: Sendable {
    /// Set when the program has ended.
    let ended = StopFlag()
    private let process: pid_t
    private let state = Mutex<ExecStatus?>(nil)

    init(_ process: pid_t) { self.process = process }

    /// How it ended; nil while it runs.
    var status: ExecStatus? { state.withLock { $0 } }

    /// Waits for the end and notes it: the body of a thread.
    func wait() {
        _ = sl_await_exit(process)
        state.withLock { state in
            var status: Int32 = 0
            waitpid(process, &status, 0)
            state = ExecStatus(status)
        }
        ended.set()
    }

    /// Sends a signal to the program and what it started; never to a process that took its number afterwards.
    func signal(_ number: Int32) {
        state.withLock { state in
            if state == nil { kill(-process, number) }
        }
    }

    /// Waits so long at most, or until the stop flag is set; answers whether it has ended.
    func waitForEnd(nanoseconds: Int64, stop: StopFlag?) -> Bool {
        let end = MonotonicClock.now + nanoseconds
        var entries = [ended, stop].compactMap { $0 }.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        while !ended.isSet {
            let rest = end - MonotonicClock.now
            if rest <= 0 || stop?.isSet == true { return false }
            poll(&entries, nfds_t(entries.count), Int32(min((rest + 999_999) / 1_000_000, 3_600_000)))
        }
        return true
    }
}
