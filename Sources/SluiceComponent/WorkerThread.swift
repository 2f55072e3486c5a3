import CSluice
import Glibc

/// A thread with a name that runs one function to its end. Signals are left to the main thread.
package final class WorkerThread: Sendable {
    private let handle: pthread_t

    /// Starts the thread; `name` (15 bytes at most are kept) shows in `top -H` and debuggers.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Start(name: name, body: body)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        var handle: pthread_t = 0
        // Who is created inherits the mask: no signal of the process may end up in the middle of a worker's system call.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let status = pthread_create(&handle, &attributes, Self.entry, Unmanaged.passRetained(start).toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        pthread_attr_destroy(&attributes)
        precondition(status == 0, "no thread `\(name)`: \(String(cString: strerror(status)))")
        self.handle = handle
    }

    /// Waits for the thread's end. Once.
    package func join() { pthread_join(handle, nil) }

    /// Lets the thread end by itself, instead of ``join()``. Once.
    package func detach() { pthread_detach(handle) }

    private static let stackBytes = 1 << 20

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private static let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        guard let context else { return nil }
        // SAFETY: the pointer is the retained `Start` of the initialiser, taken over here once.
        let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
        sl_name_thread(start.name)
        start.body()
        return nil
    }
}
