import CSluice
import Logging
import SluiceComponent
import Synchronization

/// Counts what the kernel drops of one socket, and tells it: the first time at once, then once a minute.
///
/// Two threads read it: the one that takes datagrams, and one that looks on while that one waits for slow outputs.
final class DropReport: Sendable {
    /// Nanoseconds between two lines of the log.
    static let quietNs: Int64 = 60_000_000_000

    private struct State {
        var counter: DropCounter
        var untold = 0
        var toldAt: Int64?
        var isResting = false
        /// The socket is closed, or is so at any moment.
        var isFinished = false
    }

    private let descriptor: Int32
    private let name: String
    private let isUnix: Bool
    private let log: Logger
    private let state: Mutex<State>

    /// A report that begins with what the socket says now. Of a passed socket something may have been lost before.
    init(_ socket: DatagramSocket, log: Logger) {
        descriptor = socket.descriptor
        name = socket.name
        isUnix = socket.isUnix
        self.log = log
        let before = Self.drops(of: socket.descriptor, socket.isUnix)
        state = Mutex(State(counter: DropCounter(from: before)))
        if before > 0 { log.error("\(socket.name) had lost \(before) datagrams before this process took it over") }
    }

    /// Whether nothing has come into the socket for a while.
    var isResting: Bool {
        get { state.withLock { $0.isResting } }
        set { state.withLock { $0.isResting = newValue } }
    }

    /// A datagram says how many were dropped before it came.
    func read(_ count: UInt32, _ session: any InputSession) {
        state.withLock { state in
            let more = state.counter.read(count)
            add(more, to: &state, session)
        }
    }

    /// Asks the socket, which knows also of those behind the last datagram.
    func readSocket(_ session: any InputSession) {
        state.withLock { state in
            guard !state.isFinished else { return }
            let count = Self.drops(of: descriptor, isUnix)
            if count > 0 {
                let more = state.counter.read(count)
                add(more, to: &state, session)
            }
            if let toldAt = state.toldAt, MonotonicClock.now - toldAt >= Self.quietNs { tell(&state) }
        }
    }

    /// The input ends; so many datagrams were left in the socket, which is not asked any more.
    func finish(left: Int) {
        state.withLock { state in
            state.isFinished = true
            tell(&state)
        }
        if left > 0 { log.error("\(left) datagrams of \(name) were lost: they came while the input ended") }
    }

    private func add(_ more: Int, to state: inout State, _ session: any InputSession) {
        guard more > 0 else { return }
        session.count(.datagramsLost, more)
        state.untold += more
        let now = MonotonicClock.now
        if let toldAt = state.toldAt, now - toldAt < Self.quietNs { return }
        state.toldAt = now
        tell(&state)
    }

    private func tell(_ state: inout State) {
        guard state.untold > 0 else { return }
        log.error(
            "the kernel dropped \(state.untold) datagrams of \(name), because its receive buffer was full: they come faster than rules and outputs take them; a larger `receive_buffer` helps with bursts"
        )
        state.untold = 0
    }

    private static func drops(of descriptor: Int32, _ isUnix: Bool) -> UInt32 {
        var count: UInt32 = 0
        return !isUnix && sl_socket_drops(descriptor, &count) ? count : 0
    }
}
