import Glibc

/// INT and TERM as a descriptor that becomes readable: the input ends, what was read is finished. A second one ends the
/// program at once.
final class StopSignal {
    private let ends: (read: Int32, write: Int32)

    init() {
        var pair: [Int32] = [-1, -1]
        _ = pipe(&pair)
        for end in pair { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        ends = (pair[0], pair[1])
        Self.writeEnd = pair[1]
        var action = sigaction()
        // SA_RESETHAND: the second signal finds the default action.
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        action.__sigaction_handler.sa_handler = { number in
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(StopSignal.writeEnd, &byte, 1)
        }
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
        // Who started this program may have blocked them.
        var stops = sigset_t()
        sigemptyset(&stops)
        sigaddset(&stops, SIGINT)
        sigaddset(&stops, SIGTERM)
        sigprocmask(SIG_UNBLOCK, &stops, nil)
    }

    /// Readable once a signal came.
    var descriptor: Int32 { ends.read }

    /// The signal that came, if one did.
    var received: Int32? {
        var byte: UInt8 = 0
        return read(ends.read, &byte, 1) == 1 ? Int32(byte) : nil
    }

    // SAFETY: written once before the handlers are installed, read by the handlers.
    nonisolated(unsafe) private static var writeEnd: Int32 = -1
}
