import NIOCore
import NIOPosix

/// The event loop behind all connections that the program makes: one thread, begun with the first of them.
enum ClientLoop {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// The loop.
    static var loop: any EventLoop { group.next() }
}
