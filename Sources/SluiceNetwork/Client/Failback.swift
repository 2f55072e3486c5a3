import SluiceComponent
import Synchronization

/// Tries the addresses before the one in use every now and then, on a thread of its own, so that nothing waits for a host that is still
/// away.
final class Failback: Sendable {
    private struct State {
        var thread: WorkerThread?
        var isDone = false
        var found: DialedConnection?
        var nextTry: Int64
    }

    private let intervalNs: Int64
    private let stop = StopFlag()
    private let state: Mutex<State>

    /// Tries for the first time after `intervalNs`.
    init(intervalNs: Int64) {
        self.intervalNs = intervalNs
        state = Mutex(State(nextTry: MonotonicClock.now + intervalNs))
    }

    /// A connection that was made to one of the first `count` addresses; begins to try when it is time.
    func connection(_ dialer: Dialer, count: Int) -> DialedConnection? {
        let (found, ended): (DialedConnection?, WorkerThread?) = state.withLock { state in
            if state.isDone {
                let (found, thread) = (state.found, state.thread)
                state = State(nextTry: MonotonicClock.now + intervalNs)
                return (found, thread)
            }
            guard state.thread == nil, MonotonicClock.now >= state.nextTry, !stop.isSet else { return (nil, nil) }
            state.thread = WorkerThread("failback") { [self, stop] in
                var found: DialedConnection?
                for index in 0..<count where found == nil { found = try? dialer.connect(to: index, stop: stop) }
                self.state.withLock { state in
                    state.found = found
                    state.isDone = true
                }
            }
            return (nil, nil)
        }
        ended?.join()
        guard let found else { return nil }
        // The one in use may have changed meanwhile.
        guard found.isOpen, found.index < count else {
            found.close()
            return nil
        }
        return found
    }

    /// Ends the attempt that may be under way, and a connection that nobody has asked for.
    func close() {
        stop.set()
        state.withLock { $0.thread }?.join()
        state.withLock { state in
            state.found?.close()
            state = State(nextTry: .max)
        }
    }
}
