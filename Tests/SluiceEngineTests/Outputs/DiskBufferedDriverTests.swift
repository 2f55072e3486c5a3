import Glibc
import SluiceComponent
import SluiceEngine
import SluiceStore
import SluiceTestKit
import Testing

@Suite struct DiskBufferedDriverTests {
    private static let fault = OutputError(code: .cannotWrite, message: "no")

    private func options(
        _ whenFull: OutputOptions.Buffer.WhenFull = .block, bytes: Int = 1 << 30, events: Int = .max
    ) -> OutputOptions {
        var options = OutputOptions()
        options.buffer = .disk
        options.buffer.whenFull = whenFull
        options.buffer.maxBytes = bytes
        options.buffer.maxEvents = events
        return options
    }

    private func amount(_ events: Int) -> OutputCounters.Amount { OutputCounters.Amount(parcels: events, events: events, bytes: events) }

    private func expectBalance(_ counters: OutputCounters, _ comment: Comment? = nil) {
        #expect(
            counters.offered.events + counters.restored.events
                == counters.delivered.events + counters.discardedEvents + counters.deadLettered.events + counters.waiting.events
                + counters.stored.events, comment)
    }

    @Test func `a parcel is answered when it is stored, and removed when it is written`() {
        let store = MemoryStore()
        let fixture = DriverFixture(options(), store: store)
        fixture.offer("a", "b")
        fixture.offer("c")
        #expect(fixture.driver.step() != .ended)
        #expect(fixture.answers.all.isEmpty)
        _ = fixture.driver.stepWriter()
        #expect(fixture.answers.texts(.delivered) == ["ab", "c"])
        #expect(store.texts == ["ab", "c"])
        #expect(fixture.driver.counters.stored == OutputCounters.Amount(parcels: 2, events: 3, bytes: 3))
        fixture.settle()
        #expect(fixture.output.lasting == "abc")
        #expect(store.texts == [])
        #expect(fixture.driver.counters.delivered == OutputCounters.Amount(parcels: 2, events: 3, bytes: 3))
        #expect(fixture.driver.counters.stored == OutputCounters.Amount())
    }

    @Test func `whichever call of the store fails, nothing is lost and order is kept`() {
        var number = 1
        while true {
            let store = MemoryStore(failing: [number])
            let fixture = DriverFixture(options(), store: store)
            for text in ["one ", "two "] { fixture.offer(text) }
            fixture.settle()
            for text in ["three ", "four "] { fixture.offer(text) }
            _ = fixture.run()
            fixture.driver.finish()
            _ = fixture.run()
            #expect(fixture.output.lasting == "one two three four ", "failing at \(number)")
            #expect(fixture.answers.texts(.delivered) == ["one ", "two ", "three ", "four "], "failing at \(number)")
            expectBalance(fixture.driver.counters)
            #expect(store.texts == [], "failing at \(number)")
            if store.callCount < number { break }
            // When nothing more is to come, what fails is not tried again: the store keeps what it has.
            let counters = fixture.driver.counters
            #expect(counters.failures == 1 && (counters.failingSince == nil) == (counters.retries == 1), "failing at \(number)")
            number += 1
        }
        #expect(number > 8)
    }

    @Test func `whichever call of the output fails, nothing is lost and order is kept`() {
        var number = 1
        while true {
            let fixture = DriverFixture(options(), output: FlakyOutput(failing: [number], error: Self.fault), store: MemoryStore())
            for text in ["one ", "two "] { fixture.offer(text, text) }
            fixture.settle()
            fixture.offer("three ")
            _ = fixture.run()
            fixture.driver.finish()
            _ = fixture.run()
            #expect(fixture.output.lasting == "one one two two three ", "failing at \(number)")
            #expect(fixture.answers.all.count == 3)
            if fixture.output.callCount < number { break }
            number += 1
        }
        #expect(number > 8)
    }

    @Test func `a program killed at any step delivers everything after its restart`() {
        var steps = 0
        var isWhole = false
        while !isWhole {
            let store = MemoryStore()
            let output = FlakyOutput()
            let first = DriverFixture(options(), output: output, store: store)
            var left = steps
            isWhole = true
            for text in ["one ", "two ", "three "] {
                first.offer(text)
                // The driver just stops being moved: that is a kill.
                for move in [first.driver.stepWriter, first.driver.step, first.driver.step] {
                    guard left > 0 else {
                        isWhole = false
                        break
                    }
                    left -= 1
                    _ = move()
                }
            }
            // What was not answered is read again by its input.
            let answered = first.answers.texts(.delivered)
            let second = DriverFixture(options(), output: output, store: store)
            #expect(second.driver.counters.restored.parcels == store.texts.count)
            for text in ["one ", "two ", "three "] where !answered.contains(text) { second.offer(text) }
            second.driver.finish()
            _ = second.run()
            #expect(output.lasting == "one two three ", "killed after \(steps) steps")
            expectBalance(second.driver.counters)
            steps += 1
        }
        #expect(steps > 8)
    }

    @Test func `a kill between writing and removing delivers once more`() {
        let store = MemoryStore(failing: [3])
        let first = DriverFixture(options(), store: store)
        first.offer("a")
        first.settle()
        #expect(first.output.lasting == "a" && store.texts == ["a"])
        let second = DriverFixture(options(), store: store)
        second.offer("b")
        second.settle()
        #expect(second.output.lasting == "ab")
    }

    @Test func `a failed removal is made again without writing again`() {
        let fixture = DriverFixture(options(), store: MemoryStore(failing: [3]))
        fixture.offer("a")
        #expect(fixture.run() == [500_000_000])
        #expect(fixture.output.calls == [.write("a"), .commit, .tend])
        #expect(fixture.driver.counters.stored == OutputCounters.Amount())
    }

    @Test func `a full disk makes lanes wait whatever the policy, and nothing is lost`() {
        for policy in OutputOptions.Buffer.WhenFull.allCases {
            let store = MemoryStore()
            let fixture = DriverFixture(options(policy), store: store)
            store.setFull(true)
            fixture.offer("a")
            guard case .wait(until: .some) = fixture.settleWriter() else {
                Issue.record("the writer does not try again")
                return
            }
            #expect(fixture.answers.all.isEmpty)
            #expect(fixture.driver.counters.failingSince != nil)
            #expect(
                fixture.log.all == ["warning: output `main`: no room to write `main.db`; events waiting: 1; trying again in 500ms"])
            store.setFull(false)
            fixture.advance(500_000_000)
            fixture.settle()
            #expect(fixture.output.lasting == "a")
            #expect(fixture.driver.counters.failingSince == nil)
            #expect(fixture.log.all.last == "info: output `main` works again after 500ms and 1 failed attempt")
        }
    }

    @Test(arguments: OutputOptions.Buffer.WhenFull.allCases, [true, false])
    func `a full buffer answers by its policy and counts exactly`(policy: OutputOptions.Buffer.WhenFull, isFullInEvents: Bool) {
        let store = MemoryStore(bytesMax: isFullInEvents ? 1000 : 3)
        let fixture = DriverFixture(
            isFullInEvents ? options(policy, events: 3) : options(policy, bytes: 3), store: store)
        fixture.output.fail(Self.fault)
        for number in 0..<10 { fixture.offer("\(number)") }
        fixture.settleWriter()
        let counters = fixture.driver.counters
        expectBalance(counters)
        #expect(fixture.driver.counters.stored == amount(3))
        switch policy {
        case .block:
            #expect(store.texts == ["0", "1", "2"])
            #expect(counters.waiting == amount(7))
            #expect(fixture.answers.texts(.delivered) == ["0", "1", "2"])
        case .dropNewest:
            #expect(store.texts == ["0", "1", "2"])
            #expect(counters.discardedNewest == amount(7))
            #expect(fixture.answers.texts(.discarded) == (3..<10).map(String.init))
        case .dropOldest:
            #expect(store.texts == ["7", "8", "9"])
            #expect(counters.discardedOldest == amount(7))
            #expect(fixture.answers.texts(.delivered) == (0..<10).map(String.init))
        }
        fixture.output.fail(nil)
        fixture.driver.reopen()
        fixture.driver.finish()
        _ = fixture.run()
        let kept = policy == .block ? "0123456789" : policy == .dropNewest ? "012" : "789"
        #expect(fixture.output.lasting == kept)
        expectBalance(fixture.driver.counters)
    }

    @Test func `what is being written is never evicted`() {
        let store = MemoryStore(bytesMax: 4)
        let fixture = DriverFixture(options(.dropOldest, bytes: 4), output: FlakyOutput(failing: [1], error: Self.fault), store: store)
        for text in ["a", "b", "c", "d"] { fixture.offer(text) }
        fixture.settleWriter()
        _ = fixture.driver.step()
        fixture.offer("efg")
        fixture.settleWriter()
        #expect(store.texts == ["a", "b"], "half of the buffer is in hand, and the rest is too small for the new one")
        #expect(fixture.answers.texts(.discarded) == ["efg"])
        _ = fixture.run()
        #expect(fixture.output.lasting == "ab")
        expectBalance(fixture.driver.counters)
    }

    @Test func `a parcel given up stays in the buffer until its dead letter is lasting`() {
        var options = options()
        options.retry.maxAttempts = 1
        let store = MemoryStore()
        let fixture = DriverFixture(options, output: FlakyOutput(failing: [1], error: Self.fault), store: store)
        fixture.offer("a")
        fixture.offer("b")
        #expect(fixture.settle() == .wait(until: nil))
        #expect(fixture.answers.abandoned == ["a: no after 1"])
        #expect(store.texts == ["a", "b"])
        fixture.answers.keep()
        fixture.settle()
        #expect(store.texts == [])
        #expect(fixture.driver.counters.deadLettered == amount(1) && fixture.driver.counters.delivered == amount(1))
        #expect(fixture.answers.texts(.delivered) == ["a", "b"], "the buffer has answered")
    }

    @Test func `a part given up alone keeps its parcel in the buffer until its dead letter is lasting`() {
        let refusal = OutputError(code: .cannotCreate, message: "no such path", isPermanent: true)
        let store = MemoryStore()
        let fixture = DriverFixture(options(), output: FlakyOutput(failing: [2], error: refusal), store: store)
        fixture.offer("a", "b", "c")
        fixture.offer("d")
        #expect(fixture.settle() == .wait(until: nil))
        #expect(fixture.answers.abandoned == ["b: no such path after 1"])
        #expect(fixture.output.lasting == "acd")
        #expect(store.texts == ["abc", "d"])
        // Killed here, the next run gives everything once more: at least once.
        let next = DriverFixture(options(), output: FlakyOutput(failing: [2], error: refusal), store: store)
        next.settle()
        #expect(next.output.lasting == "acd" && next.answers.abandoned == ["b: no such path after 1"])
        next.answers.keep()
        next.settle()
        #expect(store.texts == [])
        let counters = next.driver.counters
        #expect(counters.deadLettered == OutputCounters.Amount(parcels: 0, events: 1, bytes: 1))
        #expect(counters.delivered == OutputCounters.Amount(parcels: 2, events: 3, bytes: 3))
        #expect(counters.stored == OutputCounters.Amount())
        expectBalance(counters)
    }

    @Test func `an output that fails leaves what is stored at the end`() {
        let store = MemoryStore()
        let fixture = DriverFixture(options(), store: store)
        fixture.output.fail(Self.fault)
        fixture.offer("a")
        fixture.settle()
        fixture.offer("b")
        fixture.driver.finish()
        #expect(fixture.settle() == .ended)
        #expect(store.texts == ["a", "b"])
        #expect(fixture.answers.texts(.delivered) == ["a", "b"])
        expectBalance(fixture.driver.counters)
    }

    @Test func `batches from the buffer have the batch's limits and its time`() {
        var options = options()
        options.batch.maxEvents = 2
        options.batch.maxTime = DriverFixture.second
        let fixture = DriverFixture(options, store: MemoryStore())
        fixture.settle()
        for text in ["a", "b", "c"] { fixture.offer(text) }
        #expect(fixture.settle() == .wait(until: DriverFixture.second))
        #expect(fixture.output.calls == [.tend, .write("a"), .write("b"), .commit, .tend])
        fixture.advance(DriverFixture.second)
        fixture.settle()
        #expect(fixture.output.lasting == "abc")
    }

    @Test func `threads, lanes, a failing output and a small buffer lose nothing`() throws {
        var template = Array("/tmp/sluice-driver-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        defer {
            for name in ["main.db", "main.db-wal", "main.db-shm"] { unlink(folder + "/" + name) }
            rmdir(folder)
        }
        var options = options(bytes: 2000)
        options.retry.initial = 1_000_000
        options.retry.max = 1_000_000
        let store = try DiskBuffer(path: folder + "/main.db", bytesMax: 2000, isDurable: false)
        let fixture = DriverFixture(
            options, output: FlakyOutput(failing: Set((1...300).filter { $0 % 5 == 0 })), store: store, isThreaded: true)
        fixture.driver.start()
        let lanes = (0..<2).map { lane in
            WorkerThread("lane") {
                for number in 0..<60 { fixture.offer("\(lane):\(number) ") }
            }
        }
        for lane in lanes { lane.join() }
        fixture.driver.finish()
        #expect(fixture.driver.join(by: MonotonicClock.now + 60 * DriverFixture.second))
        let rest = try DiskBuffer(path: folder + "/main.db", bytesMax: 2000, isDurable: false).peek(bytes: 1 << 20)
        let texts = fixture.output.lasting + rest.map { Answers.text($0.parcel) }.joined()
        for lane in 0..<2 {
            #expect(texts.split(separator: " ").filter { $0.hasPrefix("\(lane):") } == (0..<60).map { "\(lane):\($0)" })
        }
        #expect(fixture.answers.texts(.delivered).count == 120)
        expectBalance(fixture.driver.counters)
    }
}
