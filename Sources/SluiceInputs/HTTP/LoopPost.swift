import NIOCore
import SluiceComponent

/// The way of other threads to an event loop that may have ended: nothing is brought there behind the end.
final class LoopPost: Sendable {
    private let loop: Monitor<(any EventLoop)?>

    /// The way to a loop that runs.
    init(_ loop: any EventLoop) { self.loop = Monitor(loop) }

    /// Has `body` called on the loop, unless that has ended.
    func post(_ body: @escaping @Sendable () -> Void) { loop.withLock { $0?.execute(body) } }

    /// The loop is about to end.
    func close() { loop.withLock { $0 = nil } }
}
