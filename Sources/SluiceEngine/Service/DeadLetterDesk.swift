import SluiceComponent
import SluiceStore

/// Where dead letters wait for the next checkpoint, which stores them together with the positions behind them.
final class DeadLetterDesk: Sendable {
    /// A letter, and who is to be told when it is on disk.
    struct Entry: Sendable {
        let letter: DeadLetter
        /// Called once, from the thread of the checkpoints.
        let stored: (@Sendable () -> Void)?
    }

    private struct State {
        var entries: [Entry] = []
        var bytes = 0
    }

    /// Bytes that may wait; then who brings another letter waits.
    private static let bytesMax = 16 << 20

    private let state = Monitor(State())
    private let added: @Sendable () -> Void

    /// An empty desk. `added` is called behind each letter: somebody has to store it, also when nothing else moves.
    init(added: @escaping @Sendable () -> Void = {}) { self.added = added }

    /// Adds a letter; waits while the desk is full, until `stop` is set.
    func add(_ letter: DeadLetter, stop: StopFlag, stored: (@Sendable () -> Void)? = nil) {
        let size = letter.size
        let _: Bool? = state.wait { state in
            guard state.bytes == 0 || state.bytes + size <= Self.bytesMax || stop.isSet else { return nil }
            state.entries.append(Entry(letter: letter, stored: stored))
            state.bytes += size
            return true
        }
        added()
    }

    /// Letters that wait, oldest first; they stay until ``remove(_:)``.
    var waiting: [DeadLetter] { state.withLock { $0.entries.map(\.letter) } }

    /// The first `count` letters were stored.
    func remove(_ count: Int) {
        guard count > 0 else { return }
        let done = state.notify { state in
            let done = Array(state.entries.prefix(count))
            for entry in done { state.bytes -= entry.letter.size }
            state.entries.removeFirst(count)
            return done
        }
        for entry in done { entry.stored?() }
    }

    /// Lets who waits look at its stop flag.
    func wake() { state.notify { _ in } }
}
