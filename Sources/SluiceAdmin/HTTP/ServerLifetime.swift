import NIOCore
import Synchronization

/// The event loop as long as it runs: threads of the pool may still work when it has ended, and must not post to it then.
final class ServerLifetime: Sendable {
    private let loop: any EventLoop
    private let isOver = Mutex(false)

    init(_ loop: any EventLoop) { self.loop = loop }

    /// Runs `body` on the loop; false when there is none any more.
    @discardableResult
    func execute(_ body: @escaping @Sendable () -> Void) -> Bool {
        isOver.withLock { isOver in
            if !isOver { loop.execute(body) }
            return !isOver
        }
    }

    /// Nothing is posted from now on; false when that was said before.
    func end() -> Bool {
        isOver.withLock { isOver in
            defer { isOver = true }
            return !isOver
        }
    }
}

/// Connections that are open at a socket.
final class ConnectionCount: Sendable {
    private let open = Mutex(0)

    /// Counts one more unless there are `max`.
    func begin(_ max: Int) -> Bool {
        open.withLock { open in
            guard open < max else { return false }
            open += 1
            return true
        }
    }

    /// One is over.
    func end() { open.withLock { $0 -= 1 } }
}

/// Streamed answers that are open at a server.
final class OpenStreams: Sendable {
    private struct State {
        var open: [ObjectIdentifier: AnswerStream] = [:]
        var isOver = false
    }

    private let state = Mutex(State())

    /// Adds one unless there are `max`, or the server stops.
    func add(_ stream: AnswerStream, max: Int) -> Bool {
        state.withLock { state in
            guard state.open.count < max, !state.isOver else { return false }
            state.open[ObjectIdentifier(stream)] = stream
            return true
        }
    }

    /// One is over.
    func remove(_ stream: AnswerStream) { state.withLock { $0.open[ObjectIdentifier(stream)] = nil } }

    /// Ends all of them, and those to come.
    func endAll() {
        let open = state.withLock { state in
            state.isOver = true
            return state.open
        }
        for stream in open.values { stream.end() }
    }
}
