import Glibc
import SluiceComponent

/// Writes to a descriptor that may make its writer wait (a pipe, a terminal, a socket), so that the stop flag ends the wait.
///
/// The descriptor may be shared with other programs, as standard output is: it is never made non-blocking itself. Where the system
/// lets a pipe or terminal be opened a second time through `/proc/self/fd`, the second opening is non-blocking; else each write is
/// asked for with `poll` and no larger than what a pipe then surely takes.
final class StreamWriter {
    /// What a pipe takes without waiting once `poll` said it is writable (PIPE_BUF).
    private static let pollableBytesMax = 4_096

    private enum Way {
        case plain, nonBlocking(Int32), polled
    }

    private let descriptor: Int32
    private let name: String
    private let stop: StopFlag
    private var way: Way?

    /// A writer of an open descriptor, which stays open; `name` stands in messages.
    init(descriptor: Int32, name: String, stop: StopFlag) {
        self.descriptor = descriptor
        self.name = name
        self.stop = stop
    }

    deinit { closeOwn() }

    /// Closes what was opened besides the descriptor, so that a pipe's reader sees its end when the descriptor is closed too.
    func closeOwn() {
        if case .nonBlocking(let own) = way { close(own) }
        way = nil
    }

    /// Writes all bytes behind the first `written`, which grows as they go out.
    func write(_ bytes: UnsafeRawBufferPointer, written: inout Int) throws(OutputError) {
        do throws(SystemFault) {
            try put(bytes, written: &written)
        } catch {
            if error.number == ECANCELED { throw .stopped(name) }
            throw OutputError.system("write", name, error.number)
        }
    }

    /// As ``write(_:written:)``; ECANCELED says that the stop flag ended a wait.
    func put(_ bytes: UnsafeRawBufferPointer, written: inout Int) throws(SystemFault) {
        let way = self.way ?? findWay()
        self.way = way
        while written < bytes.count {
            if stop.isSet { throw SystemFault(ECANCELED) }
            if case .polled = way { try waitUntilWritable(descriptor) }
            // SAFETY: `written` is below `count`.
            let from = bytes.baseAddress! + written
            let rest = bytes.count - written
            let count =
                switch way {
                case .plain: Glibc.write(descriptor, from, rest)
                case .nonBlocking(let own): Glibc.write(own, from, rest)
                case .polled: Glibc.write(descriptor, from, min(rest, Self.pollableBytesMax))
                }
            if count >= 0 {
                written += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try waitUntilWritable(descriptor)
            default: throw SystemFault(errno)
            }
        }
    }

    private func findWay() -> Way {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { return .polled }
        switch information.st_mode & S_IFMT {
        case S_IFREG: return .plain
        case S_IFIFO, S_IFCHR:
            let own = open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
            return own >= 0 ? .nonBlocking(own) : .polled
        default: return .polled
        }
    }

    private func waitUntilWritable(_ descriptor: Int32) throws(SystemFault) {
        var waiting = [
            pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            if stop.isSet { throw SystemFault(ECANCELED) }
            if poll(&waiting, 2, -1) > 0, waiting[0].revents != 0 { return }
        }
    }
}

extension OutputError {
    /// The stop flag ended a wait for `name`.
    static func stopped(_ name: String) -> OutputError {
        OutputError(code: .stopped, message: "`\(name)` takes nothing and the program is to end; the rest was not written")
    }
}
