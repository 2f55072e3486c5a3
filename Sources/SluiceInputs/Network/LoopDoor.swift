import NIOCore
import Synchronization

/// The way onto an event loop from threads that do not know whether it still runs.
final class LoopDoor<Inside>: Sendable {
    private struct Way: Sendable {
        let loop: any EventLoop
        let inside: NIOLoopBound<Inside>
    }

    private let way: Mutex<Way?>

    /// A door to a value that lives on a loop; made there.
    init(_ inside: Inside, _ loop: any EventLoop) { way = Mutex(Way(loop: loop, inside: NIOLoopBound(inside, eventLoop: loop))) }

    /// Has `body` called on the loop, unless the door is closed.
    func enter(_ body: @escaping @Sendable (Inside) -> Void) {
        way.withLock { way in
            guard let way else { return }
            way.loop.execute { body(way.inside.value) }
        }
    }

    /// Nobody gets in any more: the loop may end.
    func close() { way.withLock { $0 = nil } }
}
