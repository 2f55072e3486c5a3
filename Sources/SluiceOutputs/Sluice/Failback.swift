import SluiceComponent
import SluiceNetwork

/// Looks, while a later address of a list is in use, whether an earlier one can be reached again: on a thread of its own, so that the
/// output goes on meanwhile.
final class Failback: Sendable {
    private enum State {
        case idle(since: Int64)
        case dialing
        case reached(DialedConnection)
    }

    private let dialer: Dialer
    private let stop = StopFlag()
    private let state: Monitor<State>
    private let thread = Monitor<WorkerThread?>(nil)

    /// For the addresses of a dialer.
    init(_ dialer: Dialer) {
        self.dialer = dialer
        state = Monitor(.idle(since: MonotonicClock.now))
    }

    /// A connection to an address before `current`, if one could be made; begins to look when it is time.
    func look(before current: Int) -> DialedConnection? {
        guard current > 0 else { return nil }
        let (reached, isDue): (DialedConnection?, Bool) = state.withLock { state in
            switch state {
            case .reached(let connection):
                state = .idle(since: MonotonicClock.now)
                return (connection.isOpen ? connection : nil, false)
            case .idle(let since) where MonotonicClock.now - since >= dialer.setting.failbackNs:
                state = .dialing
                return (nil, true)
            case .idle, .dialing: return (nil, false)
            }
        }
        if isDue { dial(current) }
        return reached
    }

    private func dial(_ count: Int) {
        join()
        thread.withLock { thread in
            thread = WorkerThread("failback") { [self] in
                var reached: DialedConnection?
                for index in 0..<count where reached == nil {
                    do throws(NetworkError) { reached = try dialer.connect(to: index, stop: stop) } catch { continue }
                }
                state.withLock { state in
                    if let reached { state = .reached(reached) } else { state = .idle(since: MonotonicClock.now) }
                }
            }
        }
    }

    /// Ends it.
    func close() {
        stop.set()
        join()
        if case .reached(let connection) = state.withLock({ $0 }) { connection.close() }
    }

    private func join() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }
}
