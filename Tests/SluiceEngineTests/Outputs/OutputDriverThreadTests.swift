import SluiceComponent
import SluiceEngine
import SluiceTestKit
import Testing

@Suite struct OutputDriverThreadTests {
    private static let minute: Int64 = 60_000_000_000

    private func options(events: Int) -> OutputOptions {
        var options = OutputOptions()
        options.buffer.maxEvents = events
        options.retry.initial = 1_000_000
        options.retry.max = 1_000_000
        return options
    }

    @Test func `several lanes lose nothing at an output that keeps failing`() {
        let fixture = DriverFixture(
            options(events: 5), output: FlakyOutput(failing: Set((1...300).filter { $0 % 7 == 0 || $0 % 11 == 0 })), isThreaded: true)
        fixture.driver.start()
        let lanes = (0..<3).map { lane in
            WorkerThread("lane") {
                for number in 0..<100 { fixture.offer("\(lane):\(number) ") }
            }
        }
        for lane in lanes { lane.join() }
        fixture.driver.finish()
        #expect(fixture.driver.join(by: MonotonicClock.now + Self.minute))
        let written = fixture.output.lasting.split(separator: " ")
        for lane in 0..<3 {
            #expect(written.filter { $0.hasPrefix("\(lane):") } == (0..<100).map { "\(lane):\($0)" })
        }
        #expect(fixture.answers.all.count == 300)
        #expect(fixture.driver.counters.delivered.events == 300)
    }

    @Test func `a slow output makes its lane wait`() {
        let fixture = DriverFixture(options(events: 2), isThreaded: true)
        fixture.output.hold()
        fixture.driver.start()
        fixture.offer("a")
        fixture.output.awaitHeldWrite()
        fixture.offer("b")
        fixture.offer("c")
        let lane = WorkerThread("lane") { fixture.offer("d") }
        #expect(fixture.driver.counters.offered.events == 3)
        fixture.output.release()
        lane.join()
        fixture.answers.await(4)
        #expect(fixture.output.lasting == "abcd")
        fixture.driver.finish()
        #expect(fixture.driver.join(by: MonotonicClock.now + Self.minute))
    }

    @Test func `a stop frees a lane that waits, and what was not written is not answered`() {
        let fixture = DriverFixture(options(events: 1), isThreaded: true)
        fixture.output.hold()
        fixture.driver.start()
        fixture.offer("a")
        fixture.output.awaitHeldWrite()
        fixture.offer("b")
        let taken = Monitor<Bool?>(nil)
        let lane = WorkerThread("lane") {
            let answer = fixture.offer("c")
            taken.notify { $0 = answer }
        }
        fixture.driver.stop()
        lane.join()
        fixture.output.release(OutputError(code: .cannotWrite, message: "stopped"))
        #expect(!fixture.driver.join(by: MonotonicClock.now + Self.minute))
        #expect(taken.withLock { $0 } == false)
        #expect(fixture.answers.all.isEmpty)
        #expect(fixture.driver.counters.waiting.events == 2)
    }

    @Test func `an end that does not come by its deadline is a stop`() {
        let fixture = DriverFixture(options(events: 5), isThreaded: true)
        fixture.output.fail(OutputError(code: .cannotWrite, message: "no"))
        fixture.driver.start()
        fixture.offer("a")
        fixture.driver.finish()
        #expect(!fixture.driver.join(by: MonotonicClock.now + 5_000_000))
        #expect(fixture.answers.all.isEmpty)
        #expect(fixture.driver.hasEnded)
    }

    @Test func `a driver that was never started ends at once`() {
        let fixture = DriverFixture(isThreaded: true)
        let deadline = MonotonicClock.now + Self.minute
        fixture.driver.finish()
        #expect(fixture.driver.join(by: deadline))
        #expect(MonotonicClock.now < deadline)
    }

    @Test func `a driver that waits sees a request to open files anew`() {
        let fixture = DriverFixture(isThreaded: true)
        fixture.driver.start()
        fixture.offer("a")
        fixture.answers.await(1)
        fixture.driver.reopen()
        fixture.driver.finish()
        #expect(fixture.driver.join(by: MonotonicClock.now + Self.minute))
        #expect(fixture.output.calls.contains(.reopen))
    }
}
