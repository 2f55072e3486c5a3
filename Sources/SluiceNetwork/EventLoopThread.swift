package import NIOCore
import NIOPosix
package import SluiceComponent

/// Makes the calling thread an event loop for as long as an input runs.
///
/// An input has a thread anyway, and its handlers may block it: while a batch cannot be handed on, nothing is read, and the peers' own
/// buffers fill. That is the back-pressure. Hence one loop an input, which nobody else waits for.
package enum EventLoopThread {
    /// Longest time that `stopping` may take; what is open then is closed.
    package static let stopSecondsMax: Int64 = 5

    /// Calls `start` on the loop and runs it until `stop` is set and what `stopping` (called on the loop) answers is done. Then everything
    /// that is still open on the loop is closed. What `start` throws comes out at once. `ending` is called on the loop before it ends, also
    /// when `stopping` has taken too long: behind it no other thread may reach for the loop.
    package static func run<Failure: Error>(
        stop: StopFlag, start: @escaping (any EventLoop) throws(Failure) -> Void, stopping: @escaping () -> EventLoopFuture<Void>,
        ending: @escaping () -> Void = {}
    ) throws(Failure) {
        var failure: Failure?
        var watch: WorkerThread?
        MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
            do throws(Failure) {
                try start(loop)
            } catch {
                failure = error
                loop.shutdownGracefully { _ in }
                return
            }
            let end = NIOLoopBound(Ending(loop: loop, stopping: stopping, ending: ending), eventLoop: loop)
            watch = WorkerThread("stop-watch") {
                while !stop.wait(nanoseconds: 3_600_000_000_000) {}
                loop.execute { end.value.begin() }
            }
        }
        watch?.join()
        if let failure { throw failure }
    }

    /// The end of a loop, which comes once.
    private final class Ending {
        private let loop: any EventLoop
        private let stopping: () -> EventLoopFuture<Void>
        private let ending: () -> Void
        private var isOver = false

        init(loop: any EventLoop, stopping: @escaping () -> EventLoopFuture<Void>, ending: @escaping () -> Void) {
            self.loop = loop
            self.stopping = stopping
            self.ending = ending
        }

        func begin() {
            let late = loop.assumeIsolated().scheduleTask(in: .seconds(EventLoopThread.stopSecondsMax)) { self.finish() }
            stopping().hop(to: loop).assumeIsolated().whenComplete { _ in
                late.cancel()
                self.finish()
            }
        }

        private func finish() {
            guard !isOver else { return }
            isOver = true
            ending()
            loop.shutdownGracefully { _ in }
        }
    }
}
