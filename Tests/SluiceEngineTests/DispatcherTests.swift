import SluiceComponent
import SluiceEvent
import Testing

@testable import SluiceEngine

@Suite struct DispatcherTests {
    private let dispatcher = Dispatcher(lanes: 2)
    private let stop = StopFlag()
    private let pool = BatchPool()

    private func send(lane: Int = 0, source: Int = 0, bytes: Int = 10, at offset: Int) -> Bool {
        dispatcher.send(
            [(lane: lane, box: BatchBox(), pool: pool)], source: source, bytes: bytes,
            positions: [Position(key: "file", value: "\(offset)")], stop: stop)
    }

    /// Kind of the next item: its epoch with `b` or `m`.
    private func next(_ lane: Int) -> String {
        switch dispatcher.take(lane: lane, until: MonotonicClock.now) {
        case .batch(let shipment): "b\(shipment.epoch)"
        case .marker(let epoch): "m\(epoch)"
        case .order: "order"
        case .end: "end"
        case nil: "nothing"
        }
    }

    @Test func `a marker stands in every inbox behind what was sent before it`() {
        #expect(send(at: 1))
        #expect(send(lane: 1, at: 2))
        let (epoch, movements) = dispatcher.mark()
        #expect(send(at: 3))
        #expect(epoch == 0)
        #expect(movements[0]?.positions["file"]?.value == "2")
        #expect(movements[0]?.bytes == 20)
        #expect([next(0), next(0), next(0), next(0)] == ["b0", "m0", "b1", "nothing"])
        #expect([next(1), next(1), next(1)] == ["b0", "m0", "nothing"])
    }

    @Test func `orders go before the batches that wait, as they came`() {
        #expect(send(at: 1))
        let order = Monitor("")
        dispatcher.put(.order { _ in order.notify { $0 += "1" } }, lane: 0)
        dispatcher.put(.order { _ in order.notify { $0 += "2" } }, lane: 0)
        dispatcher.put(.end, lane: 0)
        #expect([next(0), next(0), next(0), next(0), next(0)] == ["order", "order", "b0", "end", "nothing"])
    }

    @Test func `positions move only from marker to marker`() {
        #expect(send(at: 1))
        _ = dispatcher.mark()
        #expect(dispatcher.mark().movements.isEmpty)
        #expect(send(at: 5))
        #expect(dispatcher.mark().movements[0]?.positions["file"]?.value == "5")
    }

    @Test func `an epoch is answered with the last of its batches`() {
        #expect(send(at: 1))
        #expect(send(at: 2))
        let (epoch, _) = dispatcher.mark()
        #expect(send(at: 3))
        #expect(dispatcher.answeredEpoch(source: 0) == epoch - 1)
        dispatcher.answered(source: 0, epoch: epoch)
        #expect(dispatcher.answeredEpoch(source: 0) == epoch - 1)
        dispatcher.answered(source: 0, epoch: epoch)
        #expect(dispatcher.answeredEpoch(source: 0) == epoch)
        dispatcher.answered(source: 0, epoch: epoch + 1)
        #expect(dispatcher.answeredEpoch(source: 0) == Int.max - 1)
    }

    @Test func `an input that has too much unconfirmed waits until it is confirmed`() {
        let half = Dispatcher.Limits().unconfirmedBytesMax / 2 + 1
        #expect(send(bytes: half, at: 1))
        let sender = WorkerThread("sender") { [dispatcher, pool, stop] in
            _ = dispatcher.send(
                [(lane: 0, box: BatchBox(), pool: pool)], source: 0, bytes: half, positions: [Position(key: "file", value: "2")],
                stop: stop)
        }
        _ = dispatcher.waitForMovement(interval: 0, stop: stop)
        dispatcher.confirmed(source: 0, bytes: half)
        sender.join()
        #expect(dispatcher.unconfirmedBytes(source: 0) == half)
        #expect([next(0), next(0)] == ["b0", "b0"])
    }

    @Test func `a stop lets a waiting input go without sending`() {
        let half = Dispatcher.Limits().unconfirmedBytesMax / 2 + 1
        #expect(send(bytes: half, at: 1))
        stop.set()
        #expect(!send(bytes: half, at: 2))
        #expect(dispatcher.mark().movements[0]?.positions["file"]?.value == "1")
    }

    @Test func `with a deadline room is waited for behind the stop`() {
        let half = Dispatcher.Limits().unconfirmedBytesMax / 2 + 1
        func sendAgain(until deadline: Int64) -> Bool {
            dispatcher.send(
                [(lane: 0, box: BatchBox(), pool: pool)], source: 0, bytes: half, positions: [Position(key: "file", value: "2")],
                stop: stop, until: deadline)
        }
        #expect(send(bytes: half, at: 1))
        stop.set()
        #expect(!sendAgain(until: MonotonicClock.now + 1_000_000))
        let lane = WorkerThread("lane") { [dispatcher] in
            _ = StopFlag().wait(nanoseconds: 20_000_000)
            dispatcher.confirmed(source: 0, bytes: half)
        }
        #expect(sendAgain(until: MonotonicClock.now + 30_000_000_000))
        lane.join()
    }

    @Test func `with a deadline a batch is waited for behind the stop`() {
        let boxes = (0..<BatchPool.batchesMax).compactMap { _ in pool.take(stop: stop) }
        stop.set()
        #expect(pool.take(stop: stop) == nil)
        #expect(pool.take(stop: stop, until: MonotonicClock.now + 1_000_000) == nil)
        let lane = WorkerThread("lane") { [pool] in
            _ = StopFlag().wait(nanoseconds: 20_000_000)
            pool.give(boxes[0])
        }
        #expect(pool.take(stop: stop, until: MonotonicClock.now + 30_000_000_000) === boxes[0])
        lane.join()
    }

    @Test func `a confirmation belongs to the epoch in which it was asked for`() {
        dispatcher.whenConfirmed(source: 0) { _ in }
        #expect(dispatcher.mark().movements[0]?.confirmations.count == 1)
        #expect(dispatcher.mark().movements.isEmpty)
    }

    @Test func `who waits for a confirmation does not wait for the interval`() {
        dispatcher.whenConfirmed(source: 0) { _ in }
        let begin = MonotonicClock.now
        #expect(dispatcher.waitForMovement(interval: 60_000_000_000, stop: stop))
        #expect(MonotonicClock.now - begin < 30_000_000_000)
    }

    @Test func `an input that is forgotten leaves its confirmations unanswered no longer`() {
        let answer = Monitor<Bool?>(nil)
        dispatcher.whenConfirmed(source: 3) { isConfirmed in answer.notify { $0 = isConfirmed } }
        dispatcher.forget(source: 3)
        #expect(answer.withLock { $0 } == false)
    }
}
