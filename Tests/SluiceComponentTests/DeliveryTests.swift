import SluiceComponent
import Synchronization
import Testing

/// Keeps what a delivery told at its end.
private final class Ending: Sendable {
    private let results = Mutex<[Delivery.Result]>([])

    var all: [Delivery.Result] { results.withLock { $0 } }

    func add(_ result: Delivery.Result) { results.withLock { $0.append(result) } }
}

@Suite struct DeliveryTests {
    private let ending = Ending()

    private func delivery(_ groups: [(UInt64, Int)]) -> Delivery {
        Delivery(groups.map { Delivery.Group(outputs: $0.0, events: $0.1) }) { [ending] in ending.add($0) }
    }

    private func result(delivered: Int = 0, discarded: Int = 0, deadLettered: Int = 0) -> Delivery.Result {
        var result = Delivery.Result()
        result.delivered = delivered
        result.discarded = discarded
        result.deadLettered = deadLettered
        return result
    }

    @Test func `a delivery without outputs ends at once`() {
        _ = delivery([])
        #expect(ending.all == [result()])
    }

    @Test func `it ends with the last answer and not before`() {
        let delivery = delivery([(0b01, 3), (0b11, 4)])
        delivery.answer(output: 1, .delivered)
        #expect(ending.all == [])
        delivery.answer(output: 0, .delivered)
        #expect(ending.all == [result(delivered: 7)])
    }

    @Test func `an event is discarded only when every output of it discarded it`() {
        let delivery = delivery([(0b01, 3), (0b11, 4)])
        delivery.answer(output: 0, .discarded)
        delivery.answer(output: 1, .delivered)
        #expect(ending.all == [result(delivered: 4, discarded: 3)])
    }

    @Test func `an event is dead-lettered when one output gave up on it`() {
        let delivery = delivery([(0b001, 1), (0b011, 2), (0b100, 4)])
        delivery.answer(output: 0, .delivered)
        delivery.answer(output: 1, .deadLettered)
        delivery.answer(output: 2, .discarded)
        #expect(ending.all == [result(delivered: 1, discarded: 4, deadLettered: 2)])
    }

    private func group(_ outputs: UInt64, _ events: Int) -> Delivery.Group { Delivery.Group(outputs: outputs, events: events) }

    @Test func `events that an output refused alone are dead-lettered, the rest is what it is`() {
        let delivery = delivery([(0b01, 3), (0b11, 4)])
        delivery.answer(output: 0, .delivered, refused: [group(0b11, 1), group(0b01, 2)])
        delivery.answer(output: 1, .discarded)
        #expect(ending.all == [result(delivered: 4, deadLettered: 3)])
    }

    @Test func `refusals of several outputs add up to no more than there is`() {
        let delivery = delivery([(0b11, 4), (0b10, 2)])
        delivery.answer(output: 0, .discarded, refused: [group(0b11, 3)])
        // Where its events would have gone is not known: to the first group that the output is in.
        delivery.answer(output: 1, .discarded, refused: [group(0, 2)])
        #expect(ending.all == [result(discarded: 2, deadLettered: 4)])
    }
}
