import CSluice
import Glibc
import Synchronization

/// Says once that something is to end, to threads that look and to those that wait in `poll`.
package final class StopFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    /// Becomes readable when the flag is set and stays so; never read from it.
    package let descriptor: Int32

    /// A flag that is not set.
    package init() {
        descriptor = sl_event_descriptor()
        precondition(descriptor >= 0, "no descriptor for a stop flag: \(String(cString: strerror(errno)))")
    }

    deinit { close(descriptor) }

    /// Whether it was set.
    package var isSet: Bool { flag.load(ordering: .acquiring) }

    /// Sets it.
    package func set() {
        flag.store(true, ordering: .releasing)
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Waits until it is set or so many nanoseconds have passed; answers whether it is set.
    package func wait(nanoseconds: Int64) -> Bool {
        let end = MonotonicClock.now + max(0, nanoseconds)
        while !isSet {
            let rest = end - MonotonicClock.now
            guard rest > 0 else { return false }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            poll(&waiting, 1, Int32(min((rest + 999_999) / 1_000_000, 3_600_000)))
        }
        return true
    }
}
