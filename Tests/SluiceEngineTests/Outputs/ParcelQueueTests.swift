import SluiceComponent
import SluiceEngine
import Testing

@Suite struct ParcelQueueTests {
    private let answers = Answers()

    private func options(_ whenFull: OutputOptions.Buffer.WhenFull, events: Int = 3, bytes: Int = 1000) -> OutputOptions.Buffer {
        var buffer = OutputOptions.Buffer()
        buffer.whenFull = whenFull
        buffer.maxEvents = events
        buffer.maxBytes = bytes
        return buffer
    }

    private func queue(_ buffer: OutputOptions.Buffer, maxTime: Int64 = 0, batchEvents: Int = 100, batchBytes: Int = 1000) -> ParcelQueue {
        var batch = OutputOptions.Batch()
        batch.maxTime = maxTime
        batch.maxEvents = batchEvents
        batch.maxBytes = batchBytes
        return ParcelQueue(buffer, batch: batch)
    }

    private func offer(_ queue: inout ParcelQueue, _ texts: String..., now: Int64 = 0) -> String {
        var turn: Int?
        return offer(&queue, texts, turn: &turn, now: now)
    }

    private func offer(_ queue: inout ParcelQueue, _ texts: [String], turn: inout Int?, now: Int64 = 0) -> String {
        switch queue.offered(answers.parcel(texts), turn: &turn, now: now, time: now) {
        case .accepted(let evicted, let wakes):
            (["accepted"] + (wakes ? ["wakes"] : []) + evicted.map { "evicted \(Answers.text($0))" }).joined(separator: ", ")
        case .wait: "wait"
        case .refused: "refused"
        }
    }

    private func take(_ queue: inout ParcelQueue, now: Int64 = 0, isHurried: Bool = false) -> String {
        switch queue.take(now: now, isHurried: isHurried) {
        case .parcels(let parcels): parcels.map(Answers.text).joined(separator: " ")
        case .collect(let until): "until \(until)"
        case .empty: "empty"
        }
    }

    @Test func `an empty queue has nothing and lets everything in`() {
        for policy in OutputOptions.Buffer.WhenFull.allCases {
            var queue = queue(options(policy, events: 1, bytes: 1))
            #expect(take(&queue) == "empty")
            #expect(offer(&queue, "long", "long") == "accepted, wakes")
            #expect(take(&queue) == "longlong")
            #expect(take(&queue) == "empty")
        }
    }

    @Test func `those who wait are let in by turns, and those who come later are not`() {
        var queue = queue(options(.block, events: 1))
        var (first, second): (Int?, Int?)
        #expect(offer(&queue, "a") == "accepted, wakes")
        #expect(offer(&queue, ["b"], turn: &first) == "wait")
        #expect(offer(&queue, ["c"], turn: &second) == "wait")
        queue.letIn()
        #expect(offer(&queue, ["c"], turn: &second) == "wait")
        #expect(offer(&queue, ["b"], turn: &first) == "accepted")
        #expect(offer(&queue, ["c"], turn: &second) == "accepted")
        #expect(offer(&queue, "d") == "wait")
        #expect(take(&queue, isHurried: true) == "a b c")
    }

    @Test func `only what may give the output something to do wakes it`() {
        var queue = queue(options(.block, events: 10), maxTime: 5, batchEvents: 3)
        #expect(offer(&queue, "a") == "accepted, wakes")
        #expect(offer(&queue, "b") == "accepted")
        #expect(offer(&queue, "c") == "accepted, wakes")
        #expect(offer(&queue, "d") == "accepted")
    }

    @Test func `a full queue answers by its policy, in events`() {
        var block = queue(options(.block))
        var newest = queue(options(.dropNewest))
        var oldest = queue(options(.dropOldest))
        for text in ["a", "b", "c"] {
            _ = offer(&block, text)
            _ = offer(&newest, text)
            _ = offer(&oldest, text)
        }
        #expect(offer(&block, "d") == "wait")
        #expect(offer(&newest, "d") == "refused")
        #expect(offer(&oldest, "d", "e") == "accepted, evicted a, evicted b")
        #expect(take(&block) == "a b c")
        #expect(take(&newest) == "a b c")
        #expect(take(&oldest) == "c de")
    }

    @Test func `a full queue answers by its policy, in bytes`() {
        var block = queue(options(.block, bytes: 4))
        var newest = queue(options(.dropNewest, bytes: 4))
        var oldest = queue(options(.dropOldest, bytes: 4))
        _ = offer(&block, "aaa")
        _ = offer(&newest, "aaa")
        _ = offer(&oldest, "aaa")
        #expect(offer(&block, "b") == "accepted")
        #expect(offer(&block, "b") == "wait")
        #expect(offer(&newest, "bb") == "refused")
        #expect(offer(&newest, "b") == "accepted")
        #expect(offer(&oldest, "large parcel") == "accepted, wakes, evicted aaa")
    }

    @Test func `what is in hand is neither counted against the limits nor evicted`() {
        var queue = queue(options(.dropOldest, events: 1))
        _ = offer(&queue, "a")
        #expect(take(&queue) == "a")
        #expect(offer(&queue, "b") == "accepted, wakes")
        #expect(offer(&queue, "c") == "accepted, wakes, evicted b")
        #expect(queue.amount == OutputCounters.Amount(parcels: 2, events: 2, bytes: 2))
        queue.finished(OutputCounters.Amount(parcels: 1, events: 1, bytes: 1), isLast: true)
        #expect(queue.amount == OutputCounters.Amount(parcels: 1, events: 1, bytes: 1))
    }

    @Test func `lanes that wait are served in their order`() {
        var queue = queue(options(.block))
        #expect(offer(&queue, "a", "b") == "accepted, wakes")
        var large: Int?
        var small: Int?
        #expect(offer(&queue, ["1", "2", "3"], turn: &large) == "wait")
        #expect(offer(&queue, ["4"], turn: &small) == "wait", "there is room, but another lane came first")
        #expect(offer(&queue, "5") == "wait")
        #expect(take(&queue) == "ab")
        #expect(offer(&queue, ["4"], turn: &small) == "wait")
        #expect(offer(&queue, ["1", "2", "3"], turn: &large) == "accepted, wakes")
        #expect(offer(&queue, ["4"], turn: &small) == "wait")
        #expect(take(&queue) == "123")
        #expect(offer(&queue, ["4"], turn: &small) == "accepted, wakes")
    }

    @Test func `a batch ends before the parcel that would exceed a limit`() {
        var byEvents = queue(options(.block, events: 100), batchEvents: 3)
        var byBytes = queue(options(.block, events: 100), batchBytes: 5)
        for _ in 0..<3 {
            _ = offer(&byEvents, "a", "b")
            _ = offer(&byBytes, "aa", "bb")
        }
        _ = offer(&byBytes, "larger than a batch")
        #expect([take(&byEvents), take(&byEvents), take(&byEvents), take(&byEvents)] == ["ab", "ab", "ab", "empty"])
        #expect((0..<4).map { _ in take(&byBytes) } == ["aabb", "aabb", "aabb", "larger than a batch"])
    }

    @Test func `a batch collects for its time, until it is full, or until it is hurried`() {
        var queue = queue(options(.block, events: 100), maxTime: 10, batchEvents: 2)
        _ = offer(&queue, "a", now: 5)
        #expect(take(&queue, now: 6) == "until 15")
        #expect(take(&queue, now: 15) == "a")
        _ = offer(&queue, "b", now: 20)
        #expect(take(&queue, now: 20, isHurried: true) == "b")
        _ = offer(&queue, "c", now: 30)
        _ = offer(&queue, "d", now: 31)
        #expect(take(&queue, now: 31) == "c d")
    }

    @Test func `the oldest parcel is known while it waits and while it is in hand`() {
        var queue = queue(options(.block))
        #expect(queue.oldest == nil)
        _ = offer(&queue, "a", now: 7)
        #expect(queue.oldest == 7)
        #expect(take(&queue, now: 8) == "a")
        _ = offer(&queue, "b", now: 9)
        #expect(queue.oldest == 7)
        queue.finished(OutputCounters.Amount(parcels: 1, events: 1, bytes: 1), isLast: true)
        #expect(queue.oldest == 9)
    }

    @Test func `a long queue keeps its order and gives its room back`() {
        var queue = queue(options(.block, events: 2000, bytes: 1 << 20), batchEvents: 1)
        var taken: [String] = []
        for number in 0..<3000 {
            var turn: Int?
            while offer(&queue, ["\(number)"], turn: &turn) == "wait" { taken.append(take(&queue)) }
        }
        while queue.count > 0 { taken.append(take(&queue)) }
        #expect(taken == (0..<3000).map(String.init))
    }
}
