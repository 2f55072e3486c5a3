import Glibc

/// The signals of a service, as numbers to read from a descriptor: HUP and USR1 as often as they come, INT and TERM once, so that
/// a second one ends the program at once. PIPE is ignored: a reader that went away is an error of its output.
final class ServiceSignals {
    private let ends: (read: Int32, write: Int32)

    init() {
        var pair: [Int32] = [-1, -1]
        _ = pipe(&pair)
        for end in pair {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        ends = (pair[0], pair[1])
        Self.writeEnd = pair[1]
        signal(SIGPIPE, SIG_IGN)
        var wanted = sigset_t()
        sigemptyset(&wanted)
        for number in [SIGHUP, SIGUSR1, SIGINT, SIGTERM] {
            var action = sigaction()
            let isLast = number == SIGINT || number == SIGTERM
            action.sa_flags = isLast ? Int32(bitPattern: UInt32(SA_RESETHAND)) : Int32(SA_RESTART)
            action.__sigaction_handler.sa_handler = { number in
                let before = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(ServiceSignals.writeEnd, &byte, 1)
                errno = before
            }
            sigaction(number, &action, nil)
            sigaddset(&wanted, number)
        }
        // Who started this program may have blocked them.
        sigprocmask(SIG_UNBLOCK, &wanted, nil)
    }

    /// The next signal; nil when one of the descriptors became readable first.
    func next(orReadable others: [Int32], timeoutNanoseconds: Int64?) -> Int32? {
        var waiting = ([ends.read] + others).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let milliseconds = timeoutNanoseconds.map { Int32(min(max(0, $0) / 1_000_000, 3_600_000)) } ?? -1
        poll(&waiting, nfds_t(waiting.count), milliseconds)
        var byte: UInt8 = 0
        return read(ends.read, &byte, 1) == 1 ? Int32(byte) : nil
    }

    // SAFETY: written once before the handlers are installed, read by the handlers.
    nonisolated(unsafe) private static var writeEnd: Int32 = -1
}
