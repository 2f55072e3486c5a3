import SluiceComponent
import SluiceEngine
import SluiceTestKit
import Testing

@Suite struct OutputDriverTests {
    private static let fault = OutputError(code: .cannotWrite, message: "cannot write `x`: No space left on device")

    @Test func `parcels are written in order, committed, and then answered`() {
        let fixture = DriverFixture()
        fixture.offer("a", "b")
        fixture.offer("c")
        #expect(fixture.answers.all.isEmpty)
        #expect(fixture.settle() == .wait(until: nil))
        #expect(fixture.output.calls == [.write("a"), .write("b"), .write("c"), .commit, .tend])
        #expect(fixture.answers.texts(.delivered) == ["ab", "c"])
        #expect(fixture.driver.counters.delivered == OutputCounters.Amount(parcels: 2, events: 3, bytes: 3))
        #expect(fixture.driver.counters.waiting == OutputCounters.Amount())
    }

    @Test func `whichever call fails, nothing is lost, written twice or answered twice`() {
        var number = 1
        while true {
            let fixture = DriverFixture(output: FlakyOutput(failing: [number], error: Self.fault))
            for text in ["one ", "two "] { fixture.offer(text, text) }
            _ = fixture.settle()
            for text in ["three ", "four "] { fixture.offer(text) }
            fixture.driver.finish()
            _ = fixture.run()
            #expect(fixture.output.lasting == "one one two two three four ", "failing at \(number)")
            #expect(fixture.answers.texts(.delivered) == ["one one ", "two two ", "three ", "four "], "failing at \(number)")
            #expect(fixture.driver.counters.offered == fixture.driver.counters.delivered)
            #expect(fixture.output.calls.last == .close)
            if fixture.output.callCount < number { break }
            #expect(fixture.driver.counters.failures == 1)
            number += 1
        }
        #expect(number > 9)
    }

    @Test func `an output that fails again and again is tried after growing waits`() {
        var options = OutputOptions()
        options.retry.initial = DriverFixture.second
        options.retry.max = 5 * DriverFixture.second
        let fixture = DriverFixture(options, output: FlakyOutput(failing: [1, 2, 3, 4, 5], error: Self.fault), chance: 0)
        fixture.offer("some text")
        #expect(fixture.run().map { $0 / DriverFixture.second } == [1, 2, 4, 5, 5])
        #expect(fixture.output.lasting == "some text")
        #expect(
            fixture.log.all == [
                "warning: output `main`: cannot write `x`: No space left on device; events waiting: 1; trying again in 1s",
                "warning: output `main` has failed for 12s, 5 times: cannot write `x`: No space left on device; events waiting: 1; trying again in 5s",
                "info: output `main` works again after 17s and 5 failed attempts",
            ])
        let counters = fixture.driver.counters
        #expect(counters.failures == 5 && counters.retries == 5)
        #expect(counters.failingSince == nil && counters.lastError == Self.fault.message)
        #expect(counters.lastSuccess == 1017 * DriverFixture.second)
    }

    @Test func `while it fails the status says since when and why`() {
        let fixture = DriverFixture(output: FlakyOutput(failing: [1], error: Self.fault))
        fixture.advance(7)
        fixture.offer("a")
        fixture.advance(5)
        _ = fixture.settle()
        let counters = fixture.driver.counters
        #expect(counters.failingSince == 12 + 1000 * DriverFixture.second)
        #expect(counters.oldest == 7 + 1000 * DriverFixture.second)
        #expect(counters.waiting == OutputCounters.Amount(parcels: 1, events: 1, bytes: 1))
    }

    @Test func `a parcel is given up after its last attempt, and those behind it go on`() {
        var options = OutputOptions()
        options.retry.maxAttempts = 3
        let fixture = DriverFixture(options, output: FlakyOutput(failing: [2, 3, 4], error: Self.fault))
        for text in ["a", "b", "c"] { fixture.offer(text) }
        #expect(fixture.run().count == 2)
        #expect(fixture.answers.all.map(\.description) == ["b deadLettered", "a delivered", "c delivered"])
        #expect(fixture.answers.abandoned == ["b: cannot write `x`: No space left on device after 3"])
        #expect(fixture.output.lasting == "ac")
        let counters = fixture.driver.counters
        #expect(counters.deadLettered == OutputCounters.Amount(parcels: 1, events: 1, bytes: 1))
        #expect(counters.offered.parcels == counters.delivered.parcels + counters.deadLettered.parcels)
        #expect(
            fixture.log.all.dropFirst().first
                == "error: output `main`: cannot write `x`: No space left on device; gave up after 3 attempts, 1 event went to the dead letters"
        )
    }

    @Test func `a commit that fails for ever gives the whole batch up`() {
        var options = OutputOptions()
        options.retry.maxAttempts = 2
        let fixture = DriverFixture(options, output: FlakyOutput(failing: [3, 4], error: Self.fault))
        fixture.offer("a")
        fixture.offer("b")
        _ = fixture.run()
        #expect(fixture.answers.texts(.deadLettered) == ["a", "b"])
        fixture.offer("c")
        _ = fixture.run()
        #expect(fixture.answers.texts(.delivered) == ["c"])
        #expect(fixture.driver.counters.waiting == OutputCounters.Amount())
    }

    @Test func `an error that trying again cannot help gives up at once`() {
        let fixture = DriverFixture(
            output: FlakyOutput(failing: [1], error: OutputError(code: .cannotWrite, message: "too long", isPermanent: true)))
        fixture.offer("a")
        fixture.offer("b")
        #expect(fixture.run() == [])
        #expect(fixture.answers.all.map(\.description) == ["a deadLettered", "b delivered"])
        #expect(fixture.driver.counters.failingSince == nil)
    }

    private static let refusal = OutputError(code: .cannotCreate, message: "no such path", isPermanent: true)

    @Test(arguments: 0..<3) func `a part that is refused is given up alone`(_ bad: Int) {
        let fixture = DriverFixture(output: FlakyOutput(failing: [bad + 1], error: Self.refusal))
        let texts = ["a", "b", "c"]
        fixture.offer("a", "b", "c")
        fixture.offer("d")
        #expect(fixture.run() == [])
        #expect(fixture.output.lasting == texts.indices.filter { $0 != bad }.map { texts[$0] }.joined() + "d")
        #expect(fixture.answers.abandoned == ["\(texts[bad]): no such path after 1"])
        #expect(fixture.answers.all.map(\.description) == ["abc deadLettered", "d delivered"])
        let counters = fixture.driver.counters
        #expect(counters.deadLettered == OutputCounters.Amount(parcels: 0, events: 1, bytes: 1))
        #expect(counters.delivered == OutputCounters.Amount(parcels: 2, events: 3, bytes: 3))
        #expect(counters.offered == counters.delivered + counters.deadLettered)
        #expect(counters.waiting == OutputCounters.Amount() && counters.failingSince == nil)
    }

    @Test func `a parcel whose every part is refused is given up whole`() {
        let fixture = DriverFixture(output: FlakyOutput(failing: [1, 2, 3], error: Self.refusal))
        fixture.offer("a", "b", "c")
        fixture.offer("d")
        #expect(fixture.run() == [])
        #expect(fixture.output.lasting == "d")
        #expect(fixture.answers.abandoned == ["a", "b", "c"].map { "\($0): no such path after 1" })
        #expect(fixture.answers.all.map(\.description) == ["abc deadLettered", "d delivered"])
        #expect(fixture.driver.counters.deadLettered == OutputCounters.Amount(parcels: 1, events: 3, bytes: 3))
        #expect(fixture.driver.counters.waiting == OutputCounters.Amount())
    }

    @Test func `a closed destination is told once and takes nothing more`() {
        let closed = Answers()
        let fixture = DriverFixture(output: FlakyOutput(failing: [1], error: OutputError(code: .closed, message: "reader went away"))) {
            closed.keep()
        }
        fixture.offer("a")
        #expect(fixture.settle() == .wait(until: nil))
        #expect(!fixture.offer("b"))
        fixture.driver.finish()
        #expect(fixture.settle() == .ended)
        #expect(fixture.answers.all.isEmpty)
        #expect(fixture.log.all == ["info: output `main`: reader went away; nothing more is written"])
    }

    @Test func `a batch collects for its time`() {
        var options = OutputOptions()
        options.batch.maxTime = DriverFixture.second
        let fixture = DriverFixture(options)
        _ = fixture.settle()
        fixture.offer("a")
        #expect(fixture.settle() == .wait(until: DriverFixture.second))
        fixture.advance(DriverFixture.second / 2)
        fixture.offer("b")
        #expect(fixture.settle() == .wait(until: DriverFixture.second))
        fixture.advance(DriverFixture.second / 2)
        _ = fixture.settle()
        #expect(fixture.output.calls == [.tend, .write("a"), .write("b"), .commit, .tend])
    }

    @Test func `the end does not wait for a batch to fill, nor for the next attempt`() {
        var options = OutputOptions()
        options.batch.maxTime = 3600 * DriverFixture.second
        let fixture = DriverFixture(options, output: FlakyOutput(failing: [2], error: Self.fault))
        _ = fixture.settle()
        fixture.offer("abc")
        _ = fixture.settle()
        fixture.driver.finish()
        #expect(fixture.settle() == .wait(until: 500_000_000))
        fixture.advance(500_000_000)
        #expect(fixture.settle() == .ended)
        #expect(fixture.output.lasting == "abc")
    }

    @Test func `upkeep happens when the output is idle and when it asked for it`() {
        let output = FlakyOutput()
        let fixture = DriverFixture(output: output)
        output.setNextTend(1030 * DriverFixture.second)
        #expect(fixture.settle() == .wait(until: 30 * DriverFixture.second))
        fixture.advance(30 * DriverFixture.second)
        output.setNextTend(5000 * DriverFixture.second)
        #expect(fixture.settle() == .wait(until: 90 * DriverFixture.second), "the wall clock is looked at every minute")
        #expect(output.calls == [.tend, .tend])
    }

    @Test func `upkeep that fails is tried again and holds nothing up`() {
        let fixture = DriverFixture(output: FlakyOutput(failing: [1], error: Self.fault))
        #expect(fixture.settle() == .wait(until: 500_000_000))
        fixture.offer("a")
        #expect(fixture.settle() == .wait(until: 500_000_000))
        #expect(fixture.answers.texts(.delivered) == ["a"])
        fixture.advance(500_000_000)
        #expect(fixture.settle() == .wait(until: nil))
        #expect(fixture.output.calls == [.failed("tend"), .write("a"), .commit, .tend])
    }

    @Test func `files are opened anew between two batches, and a failed call is made again at once`() {
        let fixture = DriverFixture(output: FlakyOutput(failing: [2], error: Self.fault))
        _ = fixture.settle()
        fixture.offer("ab")
        _ = fixture.settle()
        fixture.driver.reopen()
        _ = fixture.settle()
        #expect(fixture.output.calls == [.tend, .failed("write"), .reopen, .write("b"), .commit, .tend])
        #expect(fixture.output.lasting == "ab")
    }

    @Test(arguments: [OutputOptions.Buffer.WhenFull.dropNewest, .dropOldest])
    func `a full buffer discards by its policy and counts exactly`(policy: OutputOptions.Buffer.WhenFull) {
        var options = OutputOptions()
        options.buffer.whenFull = policy
        options.buffer.maxEvents = 3
        let fixture = DriverFixture(options)
        for number in 0..<10 { fixture.offer("\(number)") }
        _ = fixture.settle()
        let counters = fixture.driver.counters
        let amount = OutputCounters.Amount(parcels: 7, events: 7, bytes: 7)
        let isNewest = policy == .dropNewest
        #expect(fixture.answers.texts(.delivered) == (isNewest ? ["0", "1", "2"] : ["7", "8", "9"]))
        #expect(fixture.answers.texts(.discarded) == (isNewest ? 3..<10 : 0..<7).map(String.init))
        #expect(counters.discardedNewest == (isNewest ? amount : OutputCounters.Amount()))
        #expect(counters.discardedOldest == (isNewest ? OutputCounters.Amount() : amount))
        #expect(counters.offered == OutputCounters.Amount(parcels: 10, events: 10, bytes: 10))
        #expect(
            fixture.log.all == [
                "error: output `main`: its buffer is full; the \(isNewest ? "newest" : "oldest") events are discarded, 1 so far; make `buffer` larger or the output faster"
            ])
    }

    @Test func `a stopped driver answers nothing more`() {
        let fixture = DriverFixture(output: FlakyOutput(failing: [1], error: Self.fault))
        fixture.offer("a")
        _ = fixture.settle()
        fixture.driver.stop()
        #expect(fixture.settle() == .ended)
        #expect(!fixture.offer("b"))
        #expect(fixture.answers.all.isEmpty)
        #expect(fixture.output.calls == [.failed("write"), .close])
    }
}
