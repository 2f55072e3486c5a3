/// The time in which silence is counted: it goes on with the sweeps of a server, and stands still while its loop does not run.
///
/// When an output is down the loop blocks, nothing is read, and the peers cannot be blamed for it. So a sweep that comes late moves the
/// time by no more than two intervals, in which everything that was waiting in the sockets has been read.
final class SweepClock {
    private let intervalNs: Int64
    private var sweptAt: Int64
    /// Nanoseconds since it was made, without those in which the loop stood.
    private(set) var now: Int64 = 0

    /// The time of the next sweep: that of what happens now, so that nothing counts as longer ago than it is.
    var coming: Int64 { now + intervalNs }

    /// A clock; `at` is the monotonic time.
    init(intervalNs: Int64, at time: Int64) {
        self.intervalNs = intervalNs
        sweptAt = time
    }

    /// A sweep begins.
    func tick(at time: Int64) {
        now += min(max(0, time - sweptAt), 2 * intervalNs)
        sweptAt = time
    }

    /// Nobody swept, because there was nothing to sweep.
    func skip(to time: Int64) { sweptAt = time }
}
