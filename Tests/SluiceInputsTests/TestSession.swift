import CSluice
import Logging
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceInputs
import SluiceTestKit
import Testing

/// A session that keeps what an input sends, can hold it back, and lets a test wait for what has come.
final class TestSession: InputSession {
    /// A batch as it was sent.
    struct Sent: Equatable, Sendable {
        var messages: [String]
        var stream: UInt64
        var positions: [Position]
    }

    struct State: Sendable {
        var sent: [Sent] = []
        var counts: [InputCounter: Int] = [:]
        var refused: [String] = []
        var free = 4
        var isHolding = false
        /// Nobody takes what is sent, as behind the stop when lanes have no room.
        var isRefusing = false
        /// Whether confirmations are given at once.
        var isConfirming = true
        var unconfirmed: [@Sendable (Bool) -> Void] = []
        /// The input waits for a batch that is held back.
        var isWaiting = false
        var isEnded = false
        var error: InputError?
    }

    let name = "test"
    let stop = StopFlag()
    let lanes: Int
    let now: Int64 = 1_700_000_000_000_000_000
    let logged = LoggedLines()
    let log: Logger
    let positions: [String: Position]
    let isRecovering: Bool
    let ownLog: LogFeed?
    let state = Monitor(State())
    /// What a message is made of: by default the event's `message`.
    private let text: @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String

    init(
        positions: [String: Position] = [:], isRecovering: Bool = false, lanes: Int = 1, feed: LogFeed? = nil,
        text: @escaping @Sendable (borrowing EventBatch, UnsafeMutablePointer<sl_event>) -> String = {
            TestSession.field("message", $1, $0)
        }
    ) {
        self.positions = positions
        self.isRecovering = isRecovering
        self.lanes = lanes
        ownLog = feed
        self.text = text
        log = logged.logger
    }

    func takeBatch() -> BatchBox? {
        state.notify { $0.isWaiting = $0.isHolding }
        let isFree: Bool? = state.wait { state in
            guard state.free > 0, !state.isHolding else { return self.stop.isSet ? false : nil }
            state.free -= 1
            state.isWaiting = false
            return true
        }
        return isFree == true ? BatchBox() : nil
    }

    func send(_ batch: BatchBox, stream: UInt64, bytes: Int, positions: [Position]) -> Bool {
        let messages = messages(of: batch.events)
        return state.notify {
            $0.free += 1
            guard !$0.isRefusing else { return false }
            $0.sent.append(Sent(messages: messages, stream: stream, positions: positions))
            $0.counts[.bytesRead, default: 0] += bytes
            return true
        }
    }

    var isCongested: Bool { state.withLock { $0.free == 0 || $0.isHolding } }

    func giveBack(_ batch: BatchBox) { state.notify { $0.free += 1 } }

    func whenConfirmed(_ body: @escaping @Sendable (Bool) -> Void) {
        let isConfirming = state.notify { state in
            if !state.isConfirming { state.unconfirmed.append(body) }
            return state.isConfirming
        }
        if isConfirming { body(true) }
    }

    /// Answers what waits for confirmation.
    func confirm(_ isConfirmed: Bool = true) {
        let waiting = state.notify { state in
            defer { state.unconfirmed = [] }
            return state.unconfirmed
        }
        for body in waiting { body(isConfirmed) }
    }

    func refuse(_ raw: UnsafeRawBufferPointer, reason: String) {
        let text = String(decoding: raw, as: UTF8.self) + ": " + reason
        state.notify {
            $0.refused.append(text)
            $0.counts[.refusedFrames, default: 0] += 1
        }
    }

    func count(_ counter: InputCounter, _ more: Int) { state.notify { $0.counts[counter, default: 0] += more } }

    private func messages(of batch: borrowing EventBatch) -> [String] {
        var messages: [String] = []
        for index in 0..<batch.count { messages.append(text(batch, batch.raw.pointee.events + index)) }
        return messages
    }

    // MARK: - What a test asks

    /// A field's text; empty when there is none.
    static func field(_ name: String, _ event: UnsafeMutablePointer<sl_event>, _ batch: borrowing EventBatch) -> String {
        for index in 0..<Int(event.pointee.count) {
            let slot = batch.raw.pointee.slots + Int(event.pointee.first) + index
            var length = 0
            let start = sl_slot_name(batch.raw, slot, &length)
            let slotName = String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
            let isMeta = slot.pointee.flags & UInt8(SL_META) != 0
            guard slotName == (name.hasPrefix("@") ? String(name.dropFirst()) : name), isMeta == name.hasPrefix("@"),
                slot.pointee.type != UInt8(SL_ABSENT)
            else { continue }
            var buffer = sl_buffer()
            defer { sl_buffer_destroy(&buffer) }
            SlotText.append(slot, of: batch.raw, to: &buffer)
            return String(decoding: UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.length), as: UTF8.self)
        }
        return ""
    }

    /// Waits until the state answers something; a fault of the test after half a minute.
    func wait<Value: Sendable>(
        for what: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: @escaping (State) -> Value?
    ) -> Value? {
        let value: Value? = state.wait(until: MonotonicClock.now + 30_000_000_000) { body($0) }
        if value == nil {
            let seen = state.withLock { $0 }
            Issue.record("no \(what); seen: \(seen.sent.flatMap(\.messages).suffix(20)), \(seen.counts)", sourceLocation: sourceLocation)
        }
        return value
    }

    /// All messages, once there are so many.
    func messages(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
        wait(for: "\(count) messages", sourceLocation: sourceLocation) { state -> [String]? in
            let all = state.sent.flatMap(\.messages)
            return all.count >= count ? all : nil
        } ?? []
    }

    /// The positions as a program would have saved them.
    var saved: [String: Position] {
        var saved = positions
        for position in state.withLock({ $0.sent.flatMap(\.positions) }) {
            saved[position.key] = position.value == nil ? nil : position
        }
        return saved
    }

    func counter(_ counter: InputCounter) -> Int { state.withLock { $0.counts[counter] ?? 0 } }

    /// Waits until the input has asked so many times to be told of the delivery: a batch is seen before that.
    func owes(_ turns: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        _ = wait(for: "\(turns) turns to confirm", sourceLocation: sourceLocation) { $0.unconfirmed.count >= turns ? true : nil }
    }

    /// No batch is given out until ``release()``; returns when the input waits for one.
    func hold() {
        state.notify { $0.isHolding = true }
    }

    func awaitHeld() { _ = wait(for: "an input that waits for a batch") { $0.isWaiting ? true : nil } }

    func release() { state.notify { $0.isHolding = false } }
}

/// An input on a thread of its own.
final class RunningInput {
    let session: TestSession
    private var thread: WorkerThread?

    init(_ input: any Input, _ session: TestSession) {
        self.session = session
        thread = WorkerThread("test-input") {
            var fault: InputError?
            do throws(InputError) { try input.run(session) } catch { fault = error }
            session.state.notify {
                $0.isEnded = true
                $0.error = fault
            }
        }
    }

    deinit { stop() }

    /// Sets the stop and waits for the end.
    func stop() {
        session.stop.set()
        // Who waits for a batch looks again.
        session.state.notify { _ in }
        thread?.join()
        thread = nil
    }
}

/// An input as a configuration describes it.
func makeInput(_ kind: String, _ values: [(key: String, value: OptionValues.Value)], folder: String = "/") throws -> any Input {
    let entry = try #require(InputCatalogue.entries.first { $0.kind == kind })
    let checked = try OptionValues(values, of: entry.options, component: "input `\(kind)`")
    return try entry.make(checked, InputSetting(name: "test", folder: folder, zone: .utc)).makeInput()
}
