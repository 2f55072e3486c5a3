import SluiceComponent
import Testing

@Suite struct MonitorTests {
    @Test func `a waiting thread goes on when another has changed the value`() {
        let monitor = Monitor(0)
        let thread = WorkerThread("waiter") {
            _ = monitor.wait { value in value == 1 ? (value = 2) : nil }
        }
        monitor.notify { $0 = 1 }
        thread.join()
        #expect(monitor.withLock { $0 } == 2)
    }

    @Test func `a wait ends at its deadline`() {
        let monitor = Monitor(0)
        let answer: Int? = monitor.wait(until: MonotonicClock.now + 1_000_000) { _ in nil }
        #expect(answer == nil)
    }

    @Test func `a change made while waiting wakes the others`() {
        let monitor = Monitor([0, 0])
        let first = WorkerThread("first") { _ = monitor.wait { value in value[0] == 1 ? (value[1] = 1) : nil } }
        let second = WorkerThread("second") { _ = monitor.wait { value in value[1] == 1 ? (value[1] = 2) : nil } }
        monitor.notify { $0[0] = 1 }
        first.join()
        second.join()
        #expect(monitor.withLock { $0 } == [1, 2])
    }

    @Test func `a stop flag is seen by those who look and those who poll`() {
        let flag = StopFlag()
        #expect(!flag.isSet)
        #expect(!flag.wait(nanoseconds: 0))
        flag.set()
        #expect(flag.isSet)
        #expect(flag.wait(nanoseconds: 60_000_000_000))
    }
}
