import Glibc

/// A value under a lock that threads can wait on: what the threads of the pipeline hand things over with.
///
/// The standard library's `Mutex` cannot be waited on, and lanes, inputs and outputs are threads of their own that have to sleep
/// until there is work. Waits are on the monotonic clock. Waiting costs nothing; waking another thread about 8 µs.
package final class Monitor<Value>: @unchecked Sendable {
    // SAFETY: `value` is touched only between lock and unlock of `mutex`; both C objects live on the heap at a fixed address.
    private var value: Value
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// A monitor of a value.
    package init(_ value: sending Value) {
        self.value = value
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Looks at or changes the value; wakes nobody.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }

    /// Changes the value and wakes every thread that waits.
    package func notify<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return try body(&value)
    }

    /// Waits until `body` answers something, asking it at once and after each ``notify(_:)``; nil when `deadline` (nanoseconds of
    /// ``MonotonicClock``) passes first. What `body` changed may let others go on: they are woken when it answers.
    package func wait<Result>(until deadline: Int64? = nil, _ body: (inout Value) -> sending Result?) -> sending Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) {
                pthread_cond_broadcast(condition)
                return result
            }
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
            guard MonotonicClock.now < deadline else { return nil }
            pthread_cond_timedwait(condition, mutex, &time)
        }
    }
}

/// Nanoseconds that never jump, for waits and intervals.
package enum MonotonicClock {
    package static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
