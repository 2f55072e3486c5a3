import CSluice
import Logging
import SluiceComponent
import SluiceEngine
import SluiceTestKit
import Synchronization

/// A driver without threads over an output that can fail, with clocks that tests move.
final class DriverFixture: Sendable {
    /// Seconds in nanoseconds.
    static let second: Int64 = 1_000_000_000

    let output: FlakyOutput
    let driver: OutputDriver
    let answers = Answers()
    let log = LoggedLines()

    init(
        _ options: OutputOptions = OutputOptions(), output: FlakyOutput = FlakyOutput(), store: (any ParcelStore)? = nil,
        isThreaded: Bool = false, chance: Double = 0, onClosed: (@Sendable () -> Void)? = nil
    ) {
        self.output = output
        let clock = ManualClock()
        self.shared = clock
        let time = DriverTime(monotonic: { clock.now }, wall: { clock.now + 1000 * Self.second })
        let answers = answers
        driver = OutputDriver(
            index: 3, name: "main", options: options, store: store, log: log.logger, time: isThreaded ? .system : time, random: { chance },
            deadLetters: { answers.abandoned($0) }, onClosed: onClosed, makeOutput: { _ in output })
    }

    private let shared: ManualClock

    /// The manual clock.
    var now: Int64 { shared.now }

    func advance(_ nanoseconds: Int64) { shared.advance(nanoseconds) }

    /// A parcel with a part for each text; its answer is noted under all of them.
    func parcel(_ texts: String...) -> Parcel { answers.parcel(texts) }

    @discardableResult
    func offer(_ texts: String...) -> Bool { driver.offer(answers.parcel(texts)) }

    /// Moves the driver, and the writer of its disk buffer, until both wait or have ended; answers the earlier wait.
    @discardableResult
    func settle() -> OutputDriver.Step {
        while true {
            let writer = settleWriter()
            let worker = driver.step()
            // Either may have given the other something to do.
            if worker == .again { continue }
            if driver.stepWriter() != writer || driver.step() != worker { continue }
            if case .wait(let first?) = writer, case .wait(let second) = worker { return .wait(until: min(first, second ?? first)) }
            return worker
        }
    }

    /// Moves the writer of the disk buffer until it waits or has ended.
    @discardableResult
    func settleWriter() -> OutputDriver.Step {
        while true {
            let step = driver.stepWriter()
            if step != .again { return step }
        }
    }

    /// Moves the driver and the clock until it waits for others or ends; the waits it made.
    func run() -> [Int64] {
        var waits: [Int64] = []
        while case .wait(let until?) = settle() {
            waits.append(until - now)
            advance(until - now)
        }
        return waits
    }
}

/// A clock for the closures of a driver.
final class ManualClock: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    var now: Int64 { nanoseconds.load(ordering: .relaxed) }

    func advance(_ more: Int64) { nanoseconds.add(more, ordering: .relaxed) }
}

/// What became of each parcel, in the order of the answers.
final class Answers: Sendable {
    struct Answer: Sendable, Equatable, CustomStringConvertible {
        let text: String
        let outcome: DeliveryOutcome

        var description: String { "\(text) \(outcome)" }
    }

    private let state = Monitor<(answers: [Answer], abandoned: [String], kept: [@Sendable () -> Void])>(([], [], []))

    var all: [Answer] { state.withLock { $0.answers } }
    var abandoned: [String] { state.withLock { $0.abandoned } }

    func texts(_ outcome: DeliveryOutcome) -> [String] { all.filter { $0.outcome == outcome }.map(\.text) }

    func await(_ count: Int) { let _: Bool? = state.wait { $0.answers.count >= count ? true : nil } }

    func abandoned(_ parcel: AbandonedParcel) {
        let text = Self.text(parcel.parcel)
        state.notify { state in
            state.abandoned.append("\(text): \(parcel.error.message) after \(parcel.attempts)")
            state.kept.append(parcel.kept)
        }
    }

    /// The dead letters are lasting.
    func keep() {
        let kept = state.withLock { state in
            defer { state.kept = [] }
            return state.kept
        }
        for keep in kept { keep() }
    }

    func parcel(_ texts: [String]) -> Parcel {
        let joined = texts.joined()
        let delivery = Delivery([Delivery.Group(outputs: 1 << 3, events: texts.count)]) { [state] result in
            let outcome: DeliveryOutcome =
                result.discarded > 0 ? .discarded : result.deadLettered > 0 ? .deadLettered : .delivered
            state.notify { $0.answers.append(Answer(text: joined, outcome: outcome)) }
        }
        let parcel = Parcel(delivery: delivery)
        for text in texts {
            parcel.parts.append(Parcel.Part(path: nil, length: text.utf8.count, events: 1))
            Array(text.utf8).withUnsafeBytes { sl_buffer_append(parcel.bytes, $0.baseAddress!, $0.count) }
        }
        return parcel
    }

    static func text(_ parcel: Parcel) -> String {
        // SAFETY: the buffer's used bytes.
        String(decoding: UnsafeBufferPointer(start: parcel.bytes.pointee.bytes, count: parcel.byteCount), as: UTF8.self)
    }
}
