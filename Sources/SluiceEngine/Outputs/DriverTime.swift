import SluiceComponent

/// The clocks of an output driver. Threads wait on the system's monotonic clock: with other clocks a driver is moved by
/// ``OutputDriver/step()`` and never started.
package struct DriverTime: Sendable {
    /// Nanoseconds that never jump: waits, batches and back-off.
    package let monotonic: @Sendable () -> Int64
    /// Nanoseconds since 1970 UTC: what outputs and people see.
    package let wall: @Sendable () -> Int64

    /// Clocks.
    package init(monotonic: @escaping @Sendable () -> Int64, wall: @escaping @Sendable () -> Int64) {
        self.monotonic = monotonic
        self.wall = wall
    }

    /// The system's.
    package static let system = DriverTime(monotonic: { MonotonicClock.now }, wall: { SystemClock.nanoseconds })
}
