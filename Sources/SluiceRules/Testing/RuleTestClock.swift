import Glibc

/// The clock that durations and deadlines of tests are measured with.
package enum RuleTestClock {
    /// Nanoseconds of the monotonic clock.
    package static var nanoseconds: Int64 {
        var time = timespec()
        // SAFETY: the clock exists on every Linux and the record is ours.
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
