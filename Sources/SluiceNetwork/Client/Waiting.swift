import Glibc
package import SluiceComponent

/// Waits of a thread that owns a socket.
package enum Waiting {
    /// How a wait ended.
    package enum End: Sendable {
        case ready, stopped, late
    }

    /// Waits until a descriptor is ready for `events` (or has an error), the program is to end, or `deadline` of the monotonic clock has
    /// passed; nil: no deadline.
    package static func wait(for descriptor: Int32, _ events: Int16, until deadline: Int64?, stop: StopFlag) -> End {
        // SAFETY: the array of two lives for the call.
        withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { waiting in
            waiting[0] = pollfd(fd: descriptor, events: events, revents: 0)
            waiting[1] = pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
            while true {
                var milliseconds: Int32 = -1
                if let deadline {
                    let rest = deadline - MonotonicClock.now
                    guard rest > 0 else { return stop.isSet ? .stopped : .late }
                    milliseconds = Int32(min((rest + 999_999) / 1_000_000, 3_600_000))
                }
                guard poll(waiting.baseAddress!, 2, milliseconds) > 0 else { continue }
                if waiting[1].revents != 0 { return .stopped }
                if waiting[0].revents != 0 { return .ready }
            }
        }
    }
}
