import CSluice
import Logging
import SluiceComponent
import SluiceDecoding
import SluiceEvent
import SluiceFraming
import Testing

@testable import SluiceEngine

/// What becomes of what an input sends when it has to end and its lane has no room: nothing of it is confirmed, no position leaps over it.
@Suite struct InputDriverTests {
    private final class SilentInput: Input {
        func run(_ session: any InputSession) throws(InputError) {}
    }

    private let dispatcher = Dispatcher(lanes: 1)
    private let answers = Monitor<[Bool]>([])
    private let driver: InputDriver

    init() {
        let around = Lane.Surroundings(
            dispatcher: dispatcher, counters: ServiceCounters(), recent: RecentEvents(), desk: DeadLetterDesk(),
            checkpoints: CheckpointBook(), now: { 0 }, abandon: StopFlag())
        driver = InputDriver(
            name: "in", source: 0, input: SilentInput(), positions: [], isRecovering: false, partition: Partition(lanes: 1, field: nil),
            around: around, log: Logger(label: "test"))
    }

    /// Sends an event with so many bytes; answers whether it was taken.
    @discardableResult
    private func send(_ bytes: Int, positions: [Position] = []) -> Bool {
        guard let box = driver.takeBatch() else {
            Issue.record("there is no batch")
            return false
        }
        let span = [UInt8](repeating: 0x78, count: bytes).withUnsafeBytes { box.events.append($0) }
        var decoder = PlainDecoder()
        _ = decoder.decode(Frame(offset: Int(span.offset), length: Int(span.length)), received: 0, into: box.events)
        return driver.send(box, stream: 0, bytes: bytes, positions: positions)
    }

    private func place(_ value: String) -> [Position] { [Position(key: "file", value: value)] }

    private func ask() {
        let answers = answers
        driver.whenConfirmed { isConfirmed in answers.notify { $0.append(isConfirmed) } }
    }

    /// Fills the lane's inbox: what follows has to wait.
    private func fill(_ positions: [Position] = []) { send(Dispatcher.Limits().bytesMax + 1, positions: positions) }

    private var positions: [String: Position] { dispatcher.mark().movements[0]?.positions ?? [:] }

    @Test func `what was given up is never confirmed, and what was sent before is`() {
        fill()
        ask()
        driver.requestStop()
        #expect(!send(1))
        ask()
        // A lane has room again, and takes what comes.
        _ = dispatcher.take(lane: 0, until: nil)
        send(1)
        ask()
        for confirmation in dispatcher.mark().movements[0]?.confirmations ?? [] { confirmation(true) }
        #expect(answers.withLock { $0 } == [true, false, false])
    }

    @Test func `no position leaps over what was given up`() {
        fill(place("1"))
        driver.requestStop()
        #expect(!send(1, positions: place("2")))
        _ = dispatcher.take(lane: 0, until: nil)
        #expect(!send(1, positions: place("3")))
        #expect(driver.positions["file"]?.value == "1")
        #expect(positions["file"]?.value == "1")
    }

    @Test func `no position leaps over what there was no batch for`() {
        send(1, positions: place("1"))
        let boxes = (0..<BatchPool.batchesMax - 1).compactMap { _ in driver.takeBatch() }
        driver.requestStop()
        #expect(driver.takeBatch() == nil)
        for box in boxes { driver.giveBack(box) }
        send(1, positions: place("3"))
        #expect(driver.positions["file"]?.value == "1")
    }

    @Test func `a position alone is taken without room, also behind the stop`() {
        fill(place("2"))
        driver.requestStop()
        #expect(!send(1, positions: place("3")))
        #expect(driver.send(BatchBox(), stream: 0, bytes: 0, positions: place("1")))
        #expect(driver.positions["file"]?.value == "1")
        #expect(positions["file"]?.value == "1")
    }
}
