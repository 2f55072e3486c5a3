import CSluice
import Glibc

/// Wakes a thread that waits in `poll`, from any thread, as often as needed.
package final class Bell: Sendable {
    /// Readable when it was rung.
    package let descriptor: Int32

    /// A bell that was not rung.
    package init() {
        descriptor = sl_event_descriptor()
        precondition(descriptor >= 0, "no descriptor for a bell: \(String(cString: strerror(errno)))")
    }

    deinit { close(descriptor) }

    /// Makes the descriptor readable.
    package func ring() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Makes it unreadable again.
    package func clear() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
