import CSluice
import Logging
import NIOCore
import NIOHTTP1
import SluiceComponent
import SluiceEvent
import SluiceFraming

/// Unpacks, checks and sends the bodies of requests, on a thread of its own that waits where lanes are slow, and says how each ended.
///
/// A body that cannot be read is found out before anything of it is sent. What was sent is answered when it is confirmed.
final class HTTPDelivery: Sendable {
    /// A request whose body has come.
    struct Job: Sendable {
        let accepted: HTTPRequestCheck.Accepted
        let body: ByteBuffer
        let sender: EventSender
        /// The connection's number.
        let stream: UInt64
        /// Called once, on any thread.
        let answer: @Sendable (HTTPAnswer) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var next = 0
        /// Requests that were sent and are not confirmed.
        var unconfirmed = 0
        /// When the wait for confirmations ends; nil before the end.
        var endsAt: Int64?
    }

    /// How long the end waits for outputs.
    private static let endNanoseconds: Int64 = 3_000_000_000
    private static let ending = HTTPAnswer.later("the input ends; send the request again", isBusy: false)

    private let session: any InputSession
    private let bodyBytesMax: Int
    private let state = Monitor(State())
    private let thread = Monitor<WorkerThread?>(nil)

    /// A delivery that does not run yet.
    init(_ session: any InputSession, bodyBytesMax: Int) {
        self.session = session
        self.bodyBytesMax = bodyBytesMax
    }

    /// Starts the thread.
    func start() {
        thread.withLock { $0 = WorkerThread("\(session.name)-body") { [self] in run() } }
    }

    /// Takes a request.
    func add(_ job: Job) { state.notify { $0.jobs.append(job) } }

    /// What has come is sent on as far as there is room, and what is confirmed soon is answered; then `body` is called.
    func end(_ body: @escaping @Sendable () -> Void) {
        state.notify { $0.endsAt = MonotonicClock.now + Self.endNanoseconds }
        let state = state
        // The worker may be the one that waits for room; its last job ends when the stop is set.
        _ = WorkerThread("\(session.name)-end") { [self] in
            join()
            let deadline = state.withLock { $0.endsAt } ?? 0
            let _: Bool? = state.wait(until: deadline) { $0.unconfirmed == 0 ? true : nil }
            body()
        }
    }

    /// Waits for the thread's end.
    func join() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    // MARK: - The thread

    private func run() {
        var bodies = BodySending(session)
        while let job = next() {
            if session.stop.isSet {
                job.answer(Self.ending)
            } else {
                deliver(job, &bodies)
            }
        }
    }

    private func next() -> Job? {
        let job: Job?? = state.wait { state in
            guard state.next < state.jobs.count else { return state.endsAt == nil ? nil : .some(nil) }
            let job = state.jobs[state.next]
            state.next += 1
            if state.next == state.jobs.count {
                state.jobs.removeAll(keepingCapacity: true)
                state.next = 0
            }
            return .some(job)
        }
        return job ?? nil
    }

    private func deliver(_ job: Job, _ bodies: inout BodySending) {
        let body: BodyBytes
        do throws(BodyBytes.Fault) {
            body = try BodyBytes(job.body, job.accepted.encoding, bytesMax: bodyBytesMax)
        } catch {
            switch error {
            case .tooLarge:
                return job.answer(
                    .refused(.payloadTooLarge, "the body is longer than `max_body` (\(bodyBytesMax)) when it is unpacked"))
            case .damaged:
                return job.answer(.refused(.badRequest, "the body is not whole or no \(job.accepted.encoding.rawValue) data"))
            }
        }
        // Nothing was taken so far, so that the sender can just come again.
        if session.isCongested { return job.answer(HTTPReception.busy) }
        switch bodies.send(body.bytes, job) {
        case .sent(let events): confirm(events, job)
        case .refused(let answer): job.answer(answer)
        case .stopped: job.answer(Self.ending)
        }
    }

    private func confirm(_ events: Int, _ job: Job) {
        // What was sent behind the stop may have been given up.
        if session.stop.isSet { return job.answer(Self.ending) }
        // Without events there may be dead letters, which have to be on disk as well.
        guard events > 0 || job.body.readableBytes > 0 else { return job.answer(.accepted(0)) }
        state.withLock { $0.unconfirmed += 1 }
        let state = state
        session.whenConfirmed { isConfirmed in
            job.answer(isConfirmed ? .accepted(events) : Self.ending)
            state.notify { $0.unconfirmed -= 1 }
        }
    }
}
