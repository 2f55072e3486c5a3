import CSluice
import SluiceComponent
import SluiceEvent
import Testing

@testable import SluiceInputs

/// When the batches that turns fill leave.
@Suite struct LaneBatchesTests {
    private let session = TestSession()
    private let batches: LaneBatches

    init() { batches = LaneBatches(session) }

    /// A message comes into the batch of the only lane.
    private func comes(_ message: String) throws {
        let box = try #require(batches.take(0))
        let event = EventBuilder(box.events, .plain, raw: UnsafeRawBufferPointer(start: nil, count: 0), received: 0)
        event.add(UInt16(SL_KEY_MESSAGE), message.utf8)
        event.end()
    }

    private var sent: [[String]] { session.state.withLock { $0.sent.map(\.messages) } }

    @Test func `what comes alone leaves at the end of its turn`() throws {
        try comes("one")
        #expect(batches.endTurn() == nil)
        #expect(sent == [["one"]])
        #expect(batches.endTurn() == nil)
        #expect(sent.count == 1)
    }

    @Test func `what comes right behind a batch waits for more, and no longer than a moment`() throws {
        try comes("one")
        batches.sendAll()
        let now = MonotonicClock.now
        try comes("two")
        let due = try #require(batches.endTurn(at: now))
        #expect(due <= now + LaneBatches.pauseNs)
        try comes("three")
        #expect(batches.endTurn(at: due - 1) == due)
        #expect(sent == [["one"]])
        #expect(batches.endTurn(at: due) == nil)
        #expect(sent == [["one"], ["two", "three"]])
    }

    @Test func `what waits leaves with the input's end`() throws {
        try comes("one")
        batches.sendAll()
        try comes("two")
        _ = batches.endTurn()
        batches.finish()
        #expect(sent == [["one"], ["two"]])
    }
}
