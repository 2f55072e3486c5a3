import Logging
import SluiceComponent
import SluiceNetwork

/// Fetches one file of one host on its own thread: connects, asks, hands bytes on, and begins anew when the connection is over.
///
/// A connection that brought something, or lived for a while, is followed by the next one at once: so ends every file that was rotated. All
/// others are failures, after which it waits twice as long each time.
final class FetchWorker {
    /// Bytes of one read at most.
    private static let readBytes = 256 << 10
    /// Time without a byte after which everything that the host has is here, at most.
    private static let completeNsMax: Int64 = 1_000_000_000

    /// How a connection went.
    private struct Outcome {
        /// A sentence, when the host cannot be read.
        var failure: String?
        /// The next attempt may come at once.
        var isUseful = false
    }

    private let index: Int
    private let file: FetchFile
    private let setting: FetchSetting
    private let dialer: Dialer
    private let book: FetchStatusBook
    private let session: any InputSession
    private let stream: FetchStream
    private var backoff: Backoff
    private var report = FailureReport()
    /// The place was compared on the last connection, and nothing came behind it: it is asked for without the bytes before it, so that a
    /// host can tell that a rotated file was read to its end.
    private var wasVerified = false
    private var log: Logger { session.log }
    private var completeNs: Int64 { min(Self.completeNsMax, setting.heartbeatNs) }

    init(_ index: Int, _ setting: FetchSetting, _ dialer: Dialer, _ book: FetchStatusBook, _ session: any InputSession) {
        self.index = index
        self.setting = setting
        self.dialer = dialer
        self.book = book
        self.session = session
        file = setting.files[index]
        stream = FetchStream(file, setting, session)
        backoff = Backoff(initial: setting.reconnectInitialNs, longest: setting.reconnectMaxNs)
    }

    /// Fetches until the stop.
    func run() {
        while !session.stop.isSet {
            let began = MonotonicClock.now
            let outcome = converse()
            guard !session.stop.isSet else { break }
            note { $0.isComplete = false }
            if outcome.failure == nil, outcome.isUseful || MonotonicClock.now - began >= setting.reconnectInitialNs {
                backoff.succeeded()
                continue
            }
            let pauseNs = backoff.failed(chance: Double.random(in: 0..<1))
            if let failure = outcome.failure { failed(failure, pauseNs) }
            _ = session.stop.wait(nanoseconds: pauseNs)
        }
    }

    // MARK: - One connection

    private func converse() -> Outcome {
        let connection: DialedConnection
        do throws(NetworkError) {
            connection = try dialer.connect(to: file.host.index, stop: session.stop)
        } catch {
            return Outcome(failure: error.message)
        }
        defer { connection.close() }
        let tail = setting.verifies && !wasVerified ? stream.tail : .none
        var conversation = FetchProtocol(
            file: file.name, place: stream.place, tail: tail, heartbeatNs: setting.heartbeatNs, now: MonotonicClock.now)
        wasVerified = false
        var outcome = Outcome()
        do throws(NetworkError) {
            let request = Array(conversation.request.text(token: setting.token).utf8)
            try write(request, to: connection)
            while let ending = try turn(connection, &conversation) {
                guard let ending else { continue }
                outcome = ended(ending, conversation)
                break
            }
        } catch {
            // A connection that breaks is one that was closed; with what words interests who looks for the reason.
            guard error.code != .stopped else { return outcome }
            log.debug("`\(file.key)`: \(error.message)")
            outcome = ended(conversation.peerClosed(), conversation, fault: error.message)
        }
        outcome.isUseful = outcome.isUseful || conversation.hasProgress
        return outcome
    }

    private func write(_ bytes: [UInt8], to connection: DialedConnection) throws(NetworkError) {
        var failure: NetworkError?
        bytes.withUnsafeBytes { bytes in
            do throws(NetworkError) { try connection.write(bytes, stop: session.stop) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Reads once. The answer is nil when the input has to end, and holds an ending when the connection is over.
    private func turn(
        _ connection: DialedConnection, _ conversation: inout FetchProtocol
    ) throws(NetworkError) -> FetchProtocol.Ending?? {
        guard !session.stop.isSet else { return nil }
        let started = MonotonicClock.now
        if let ending = conversation.readBegins(now: started) { return .some(ending) }
        let isComplete = book.isComplete(index)
        let deadline = min(conversation.deadline, stream.flushNs ?? .max, isComplete ? .max : started + completeNs)
        let bytes = try connection.read(upTo: Self.readBytes, until: deadline, stop: session.stop, isChunk: true)
        let now = MonotonicClock.now
        guard let bytes else {
            conversation.readIdled(now: now)
            if let flushNs = stream.flushNs, flushNs <= now, !stream.flush() { return nil }
            if !isComplete, now - started >= completeNs { nothingMore() }
            return .some(conversation.timePassed(now: now))
        }
        if bytes.isEmpty { return .some(conversation.peerClosed()) }
        for action in bytes.withUnsafeBytes({ conversation.received($0, now: now) }) {
            switch action {
            case .begin(let beginning): if !begin(beginning) { return nil }
            case .heartbeat: nothingMore()
            case .end(let ending): return .some(ending)
            case .data(let range):
                let isTaken = bytes.withUnsafeBytes { stream.take(UnsafeRawBufferPointer(rebasing: $0[range])) }
                guard isTaken else { return nil }
                took(range.count)
            }
        }
        return .some(nil)
    }

    // MARK: - What becomes of it

    /// The host has answered.
    private func begin(_ beginning: FetchProtocol.Beginning) -> Bool {
        session.count(.opened, 1)
        let before = stream.place
        if beginning.place != before || before == nil {
            tell(beginning, before)
            guard stream.begin(beginning.place, isTruncated: beginning.kind == .truncated) else { return false }
        } else {
            log.debug("`\(file.key)`: goes on with inode \(beginning.place.inode) at \(beginning.place.offset)")
        }
        if case .recovered(let time, let attempts) = report.succeeded(now: MonotonicClock.now) {
            log.info("`\(file.key)` can be read again after \(time / 1_000_000_000) s and \(attempts) failed attempts")
        }
        note {
            $0.state = .ok
            $0.place = beginning.place
            $0.bytesBehind = beginning.size.map { max(0, $0 - beginning.place.offset) }
        }
        return true
    }

    private func tell(_ beginning: FetchProtocol.Beginning, _ before: FetchPlace?) {
        let inode = beginning.place.inode
        guard let before else { return log.info("`\(file.key)` is read from its start (inode \(inode))") }
        switch beginning.kind {
        case .asAsked, .next: log.info("`\(file.key)` was rotated: inode \(before.inode) was read to its end, inode \(inode) follows")
        case .lost:
            session.count(.placesLost, 1)
            log.error(
                "`\(file.key)`: the host has no file with inode \(before.inode) any more, of which \(before.offset) bytes were read; what stood behind them may be lost, and so are files between it and inode \(inode), which is read from its start; let the host keep rotated files longer, or name them behind FILE="
            )
        case .truncated:
            guard before.offset > 0 else { return }
            session.count(.placesLost, 1)
            log.warning(
                "`\(file.key)` (inode \(inode)) was truncated after \(before.offset) bytes of it were read; what stood behind them may be lost; it is read from its start"
            )
        }
    }

    private func took(_ bytes: Int) {
        note {
            $0.isComplete = false
            $0.place = stream.place
            $0.bytesBehind = $0.bytesBehind.flatMap { $0 > 0 ? max(0, $0 - bytes) : nil }
        }
        if let complaint = stream.complaint {
            note {
                $0.state = .failing
                $0.lastError = complaint
            }
        }
    }

    /// Everything that the host has is here.
    private func nothingMore() {
        stream.caughtUp()
        guard stream.place != nil else { return }
        note {
            guard $0.state != .starting else { return }
            $0.isComplete = true
            $0.bytesBehind = 0
        }
    }

    private func ended(_ ending: FetchProtocol.Ending, _ conversation: FetchProtocol, fault: String? = nil) -> Outcome {
        var outcome = Outcome()
        switch ending {
        case .closed:
            wasVerified = conversation.isVerified && !conversation.hasProgress
            outcome.isUseful = wasVerified
        case .stale:
            log.debug("`\(file.key)`: nothing was read for half a heartbeat, because outputs were busy; the connection is made anew")
            outcome.isUseful = true
        case .silent:
            log.info("`\(file.key)`: nothing came for \(2 * setting.heartbeatNs / 1_000_000_000) s; the connection is made anew")
            outcome.isUseful = conversation.hasProgress
        case .changed: outcome.isUseful = changed()
        case .unanswered:
            outcome.failure = fault ?? "the host has closed the connection without an answer: it does not serve this file, or not to us"
        case .malformed(let reason): outcome.failure = "this is no host of `fetch`: \(reason)"
        case .refused(let reason): outcome.failure = "the host has refused: \(reason)"
        }
        return outcome
    }

    /// Other bytes than before stand before the place.
    private func changed() -> Bool {
        guard let place = stream.place else { return false }
        session.count(.placesLost, 1)
        log.warning(
            "`\(file.key)` (inode \(place.inode)) was written anew after \(place.offset) bytes of it were read, or another file has its inode; what stood behind them may be lost; it is read from its start"
        )
        return stream.begin(FetchPlace(inode: place.inode, offset: 0), isTruncated: true)
    }

    private func failed(_ message: String, _ pauseNs: Int64) {
        session.count(.failures, 1)
        note {
            $0.state = .failing
            $0.bytesBehind = nil
            $0.lastError = message
        }
        switch report.failed(now: MonotonicClock.now) {
        case .began: log.warning("`\(file.key)`: \(message); tried again in \(pauseNs / 1_000_000) ms")
        case .goesOn(let time, let attempts):
            log.warning("`\(file.key)` has failed for \(time / 1_000_000_000) s, \(attempts) times: \(message)")
        case .recovered, nil: break
        }
    }

    private func note(_ body: (inout FetchStatusBook.Standing) -> Void) { book.update(index, now: session.now, body) }
}
