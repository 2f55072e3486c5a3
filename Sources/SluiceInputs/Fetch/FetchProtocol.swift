/// One connection to a host as the reader sees it: bytes and times come in, what they mean goes out. Pure: no socket, no clock.
///
///              request()                 S INODE\n                     tail compared (only with `verify`)
///     (made) ────────────► answering ──────────────► verifying ─────────────────────────────► streaming
///                              │                         │                                     │  data, heartbeats
///                              └─────── ended: closed, silent, malformed, refused, … ◄─────────┘
///
/// *Heartbeats.* A host that has nothing sends the byte 0x07 once an interval. A single 0x07 that arrives alone, 5/6 of the interval (50 s
/// of a minute) or more after the byte before it, is one, and no byte of the file. Any other 0x07 is. When it was not possible to
/// read for half an interval (outputs were down), heartbeats and data may lie behind each other unrecognisably: such a connection is
/// given up unread (``Ending/stale``), and the place is asked for anew.
struct FetchProtocol {
    /// What a connection has to bring about.
    enum Action: Equatable {
        /// The answer has come: what the following bytes are.
        case begin(Beginning)
        /// These bytes of the chunk are the file's.
        case data(Range<Int>)
        /// The host has nothing more at the moment.
        case heartbeat
        /// The connection is of no more use.
        case end(Ending)
    }

    /// Where the bytes of a connection begin.
    struct Beginning: Equatable {
        enum Kind: Equatable {
            /// At the place that was asked for; without one at the current file's start.
            case asAsked
            /// At the start of the next younger file: the one that was asked for was read to its end.
            case next
            /// At the start of another file: the one that was asked for is gone, and what was not read of it.
            case lost
            /// At the start of the same file: it is shorter than what was read of it.
            case truncated
        }

        let kind: Kind
        let place: FetchPlace
        /// Bytes that the file had when the host answered; nil when it did not tell.
        let size: Int?
    }

    /// Why a connection is over.
    enum Ending: Equatable {
        /// The host has closed it: the file was rotated, truncated or deleted, or the host went away.
        case closed
        /// The host has closed it without an answer.
        case unanswered
        /// Nothing came for two heartbeats.
        case silent
        /// Nothing was read for half a heartbeat.
        case stale
        /// Before the place stand other bytes than before: the file was written anew, or another one has its inode.
        case changed
        /// The answer is none of this protocol.
        case malformed(String)
        /// The host has said no.
        case refused(String)
    }

    private enum State: Equatable {
        case answering
        case verifying
        case streaming
        case ended
    }

    private let file: String
    private let place: FetchPlace?
    private let heartbeatNs: Int64
    /// The bytes before the place that are asked for again; of length 0 without `verify`.
    private let tail: Fingerprint
    private var state = State.answering
    /// What came of the answer, then of the tail.
    private var collected: [UInt8] = []
    /// When the last byte came, the request left, or a read returned.
    private var lastByteNs: Int64
    private var lastReadNs: Int64
    /// Whether the host has brought anything that the one before it had not: data, a heartbeat, another file.
    private(set) var hasProgress = false
    /// Whether the tail was compared and is the same.
    private(set) var isVerified = false

    /// A connection that was just made. `place` is where to go on; before it lie the bytes of `tail`.
    init(file: String, place: FetchPlace?, tail: Fingerprint = .none, heartbeatNs: Int64, now: Int64) {
        self.file = file
        self.place = place
        self.tail = place.map { $0.offset >= tail.length } ?? false ? tail : .none
        self.heartbeatNs = heartbeatNs
        lastByteNs = now
        lastReadNs = now
    }

    /// What is asked for.
    var request: FetchRequest {
        FetchRequest(file: file, place: place.map { FetchPlace(inode: $0.inode, offset: $0.offset - tail.length) })
    }

    /// When ``timePassed(now:)`` has something to say.
    var deadline: Int64 { lastByteNs + 2 * heartbeatNs }

    /// The driver is about to read: whether it comes too late to tell heartbeats from data.
    mutating func readBegins(now: Int64) -> Ending? {
        guard state == .verifying || state == .streaming, now - lastReadNs > heartbeatNs / 2 else { return nil }
        state = .ended
        return .stale
    }

    /// A read returned without bytes.
    mutating func readIdled(now: Int64) { lastReadNs = now }

    /// The clock has moved.
    mutating func timePassed(now: Int64) -> Ending? {
        guard state != .ended, now >= deadline else { return nil }
        state = .ended
        return .silent
    }

    /// The host has closed the connection.
    mutating func peerClosed() -> Ending {
        defer { state = .ended }
        return state == .answering ? .unanswered : .closed
    }

    /// Bytes came, all that lay ready.
    mutating func received(_ chunk: UnsafeRawBufferPointer, now: Int64) -> [Action] {
        guard state != .ended, chunk.count > 0 else { return [] }
        let silenceNs = now - lastByteNs
        lastByteNs = now
        lastReadNs = now
        if state == .streaming || state == .verifying, chunk.count == 1, chunk[0] == Self.heartbeatByte,
            silenceNs >= Self.silence(ofHeartbeat: heartbeatNs)
        {
            hasProgress = true
            return [.heartbeat]
        }
        var actions: [Action] = []
        var start = 0
        if state == .answering { start = takeAnswer(chunk, &actions) }
        if state == .verifying { start = takeTail(chunk, from: start, &actions) }
        if state == .streaming, start < chunk.count {
            hasProgress = true
            actions.append(.data(start..<chunk.count))
        }
        return actions
    }

    /// The byte that says that a host lives.
    static let heartbeatByte: UInt8 = 0x07

    /// How long nothing must have come before a single 0x07 that is a heartbeat: 50 s of a minute.
    static func silence(ofHeartbeat intervalNs: Int64) -> Int64 { intervalNs / 6 * 5 }

    // MARK: - Steps

    /// Takes bytes up to the end of the answer's line; answers how many.
    private mutating func takeAnswer(_ chunk: UnsafeRawBufferPointer, _ actions: inout [Action]) -> Int {
        let length = chunk.firstIndex(of: 0x0A) ?? chunk.count
        collected += chunk[..<length]
        guard collected.count < FetchAnswer.bytesMax else {
            end(.malformed("its answer has more than \(FetchAnswer.bytesMax) bytes without a line end"), &actions)
            return chunk.count
        }
        guard length < chunk.count else { return length }
        guard let answer = FetchAnswer(line: collected) else {
            let text = String(decoding: collected.prefix(40), as: UTF8.self)
            end(.malformed("it answered `\(text)` and not `O INODE` or `L INODE`"), &actions)
            return chunk.count
        }
        collected = []
        begin(answer, &actions)
        return length + 1
    }

    private mutating func begin(_ answer: FetchAnswer, _ actions: inout [Action]) {
        switch answer {
        case .refused(let reason): end(.refused(reason), &actions)
        case .ok(let inode, let size):
            if let place, place.inode == inode {
                // Without a tail there is nothing to compare, and what is asked for anew was known to be the same.
                state = tail.length > 0 ? .verifying : .streaming
                actions.append(.begin(Beginning(kind: .asAsked, place: place, size: size)))
            } else {
                start(inode, place == nil ? .asAsked : .next, size, &actions)
            }
        case .lost(let inode, let size):
            // A host that says so of nothing in particular sends what it has.
            start(inode, place == nil ? .asAsked : place?.inode == inode ? .truncated : .lost, size, &actions)
        }
    }

    private mutating func start(_ inode: UInt64, _ kind: Beginning.Kind, _ size: Int?, _ actions: inout [Action]) {
        state = .streaming
        hasProgress = true
        actions.append(.begin(Beginning(kind: kind, place: FetchPlace(inode: inode, offset: 0), size: size)))
    }

    /// Takes the bytes before the place and compares them; answers where those behind it begin.
    private mutating func takeTail(_ chunk: UnsafeRawBufferPointer, from start: Int, _ actions: inout [Action]) -> Int {
        let count = min(tail.length - collected.count, chunk.count - start)
        collected += chunk[start..<start + count]
        guard collected.count == tail.length else { return start + count }
        if Fingerprint(collected) == tail {
            isVerified = true
            state = .streaming
        } else {
            end(.changed, &actions)
        }
        collected = []
        return start + count
    }

    private mutating func end(_ ending: Ending, _ actions: inout [Action]) {
        state = .ended
        actions.append(.end(ending))
    }
}
