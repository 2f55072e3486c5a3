import NIOCore
import SluiceComponent
import Synchronization

/// What the owner of a connection and the event loop hand to each other.
///
/// Bytes to send wait here until the socket takes them, at most ``outgoingBytesMax`` and what one call brings; received bytes wait here
/// until the owner reads them, and while they are too many nothing is read from the socket.
final class ConnectionTraffic: Sendable {
    /// What the loop does next with bytes to send.
    static let outgoingBytesMax = 1 << 20
    /// Received bytes that wait for the owner before reading pauses.
    static let incomingBytesMax = 256 << 10

    private struct State {
        var isOpen = false
        /// Since then the peer has reacted to what we sent last of the handshake, or has no need to.
        var isAnswered = false
        /// Bytes to send, in order; those before `next` are gone.
        var outgoing: [ByteBuffer] = []
        var next = 0
        /// Bytes that the owner has given, and those of them that the socket has taken.
        var given = 0
        var taken = 0
        /// Bytes that the peer is known to have.
        var confirmed = 0
        /// Whether the owner waits for a confirmation.
        var isConfirming = false
        /// Whether the loop is about to look for bytes to send.
        var isDraining = false
        var incoming: [ByteBuffer] = []
        var incomingBytes = 0
        var isReadPaused = false
        /// The peer will send nothing more.
        var isInputClosed = false
        /// The peer ended the connection when it had everything.
        var isTakenWhole = false
        /// The peer did not answer our end of the connection in time.
        var isUnanswered = false
        var fault: NetworkError?
        /// The socket is closed.
        var isOver = false
        /// Whether the owner sleeps until the bell rings.
        var isAwaited = false
        /// When bytes moved last, on the monotonic clock.
        var lastProgress: Int64 = 0
    }

    private let state = Mutex(State())
    /// Rings when the owner waits and something has changed.
    let bell = Bell()
    /// Received bytes are thrown away.
    let discardsInput: Bool

    /// The traffic of a connection that does not stand yet.
    init(discardsInput: Bool) { self.discardsInput = discardsInput }

    // MARK: - On the loop

    /// Changes the state and wakes the owner if it waits.
    private func change<Result>(_ body: (inout State) -> sending Result) -> sending Result {
        let (result, rings) = state.withLock { state in
            let result = body(&state)
            let rings = state.isAwaited
            state.isAwaited = false
            return (result, rings)
        }
        if rings { bell.ring() }
        return result
    }

    /// The connection stands, TLS included.
    func opened() {
        change { state in
            state.isOpen = true
            state.lastProgress = MonotonicClock.now
        }
    }

    /// Whether the connection stands, or has stood.
    var hasOpened: Bool { state.withLock { $0.isOpen } }

    /// The peer has nothing against the connection that stands.
    func answered() { change { $0.isAnswered = true } }

    /// The next bytes for the socket, at most so many; nil when there are none for now.
    func nextOutgoing(bytesMax: Int) -> ByteBuffer? {
        state.withLock { state in
            guard state.next < state.outgoing.count else {
                state.outgoing.removeAll(keepingCapacity: true)
                state.next = 0
                state.isDraining = false
                return nil
            }
            if let slice = state.outgoing[state.next].readableBytes > bytesMax
                ? state.outgoing[state.next].readSlice(length: bytesMax) : nil
            {
                return slice
            }
            let whole = state.outgoing[state.next]
            state.outgoing[state.next] = ByteBuffer()
            state.next += 1
            return whole
        }
    }

    /// The socket takes no more for now: the loop looks again when it does.
    func pausedDraining() { state.withLock { $0.isDraining = true } }

    /// The socket has taken so many bytes; answers whether the owner wants to know when the peer has them.
    func took(_ bytes: Int) -> Bool {
        change { state in
            state.taken += bytes
            state.lastProgress = MonotonicClock.now
            return state.isConfirming && state.taken == state.given
        }
    }

    /// Whether the owner waits for a confirmation that can be had now.
    var isConfirming: Bool { state.withLock { $0.isConfirming && $0.taken == $0.given && !$0.isOver } }

    /// The peer has taken something, or (`all`) everything that the socket has.
    func confirmed(all: Bool) {
        change { state in
            state.lastProgress = MonotonicClock.now
            guard all else { return }
            state.confirmed = state.taken
            state.isConfirming = state.confirmed < state.given
        }
    }

    /// Bytes came in; answers whether more may be read.
    func received(_ bytes: ByteBuffer) -> Bool {
        if discardsInput { return true }
        return change { state in
            if !state.isInputClosed, bytes.readableBytes > 0 {
                state.incoming.append(bytes)
                state.incomingBytes += bytes.readableBytes
            }
            state.isReadPaused = state.incomingBytes >= Self.incomingBytesMax
            return !state.isReadPaused
        }
    }

    /// Whether the loop may read.
    var mayRead: Bool { state.withLock { !$0.isReadPaused } }

    /// The peer's side of the socket is closed; `unsent` are bytes that it had not acknowledged then.
    func peerFinished(unsent: Int) {
        change { state in
            state.isTakenWhole = state.taken == state.given && unsent == 0 && state.fault == nil
            if state.isTakenWhole { state.confirmed = state.taken }
            state.isInputClosed = true
        }
    }

    /// We have ended our direction, and the peer has not ended its own in time; `unsent` as above.
    func unanswered(unsent: Int) { change { $0.isUnanswered = $0.taken == $0.given && unsent == 0 } }

    /// The peer says, in the words of its protocol, that it will send nothing more.
    func inputClosed() { change { $0.isInputClosed = true } }

    /// Something went wrong; the first fault stands.
    func failed(_ fault: NetworkError) {
        change { state in
            guard state.fault == nil, !state.isOver else { return }
            state.fault = fault
            state.isTakenWhole = false
        }
    }

    /// The socket is closed.
    func over() {
        change { state in
            guard !state.isOver else { return }
            state.isOver = true
            state.outgoing = []
            state.next = 0
        }
    }

    // MARK: - On the owner's thread

    /// What an owner's call finds.
    enum Look<Value> {
        case value(Value)
        /// Nothing yet; since `lastProgress` nothing has moved.
        case wait(lastProgress: Int64)
    }

    /// Whether the connection stands; throws when it never will.
    func lookForOpening() throws(NetworkError) -> Look<Void> {
        try state.withLock { state throws(NetworkError) in
            if let fault = state.fault { throw fault }
            if state.isOver || state.isInputClosed { throw Self.closed }
            if state.isOpen { return .value(()) }
            state.isAwaited = true
            return .wait(lastProgress: state.lastProgress)
        }
    }

    /// Takes bytes to send; the value says whether the loop has to be told.
    func offer(_ bytes: ByteBuffer) throws(NetworkError) -> Look<Bool> {
        try state.withLock { state throws(NetworkError) in
            try Self.checkSending(state)
            guard state.given - state.taken < Self.outgoingBytesMax else {
                state.isAwaited = true
                return .wait(lastProgress: state.lastProgress)
            }
            if state.given == state.taken { state.lastProgress = MonotonicClock.now }
            state.outgoing.append(bytes)
            state.given += bytes.readableBytes
            defer { state.isDraining = true }
            return .value(!state.isDraining)
        }
    }

    /// Whether the peer has everything; else it is asked for.
    func lookForConfirmation() throws(NetworkError) -> Look<Void> {
        try state.withLock { state throws(NetworkError) in
            if state.confirmed == state.given { return .value(()) }
            try Self.checkSending(state)
            state.isConfirming = true
            state.isAwaited = true
            return .wait(lastProgress: state.lastProgress)
        }
    }

    /// Received bytes, at most `bytesMax`: none when the peer has closed. The flag says whether reading has to be taken up again.
    /// `isChunk`: no more than one read of the socket has brought.
    func lookForInput(bytesMax: Int, isChunk: Bool = false) throws(NetworkError) -> Look<(bytes: [UInt8], resumes: Bool)> {
        try state.withLock { state throws(NetworkError) in
            var bytes: [UInt8] = []
            var used = 0
            while bytes.count < bytesMax, used < state.incoming.count {
                let more = state.incoming[used].readBytes(length: min(bytesMax - bytes.count, state.incoming[used].readableBytes)) ?? []
                bytes = bytes.isEmpty ? more : bytes + more
                if state.incoming[used].readableBytes > 0 { break }
                used += 1
                if isChunk { break }
            }
            state.incoming.removeFirst(used)
            if !bytes.isEmpty {
                state.incomingBytes -= bytes.count
                let resumes = state.isReadPaused && state.incomingBytes < Self.incomingBytesMax / 2
                if resumes { state.isReadPaused = false }
                return .value((bytes, resumes))
            }
            if let fault = state.fault { throw fault }
            if state.isInputClosed || state.isOver { return .value(([], false)) }
            state.isAwaited = true
            return .wait(lastProgress: state.lastProgress)
        }
    }

    /// Whether the peer is known to want the connection; throws when it does not after all.
    func lookForRefusal() throws(NetworkError) -> Bool {
        try state.withLock { state throws(NetworkError) in
            if state.incoming.isEmpty { try Self.checkSending(state) }
            state.isAwaited = true
            return state.isAnswered
        }
    }

    /// How the connection has ended, once it has.
    func lookForEnd() -> Look<ConnectionEnd> {
        state.withLock { state in
            guard state.isOver else {
                state.isAwaited = true
                return .wait(lastProgress: state.lastProgress)
            }
            if state.isTakenWhole { return .value(.clean) }
            if state.isUnanswered, state.fault == nil { return .value(.unanswered) }
            return .value(.broken(state.fault ?? Self.closed))
        }
    }

    /// Whether bytes can still be sent.
    var isOpen: Bool { state.withLock { $0.isOpen && $0.fault == nil && !$0.isInputClosed && !$0.isOver } }

    private static func checkSending(_ state: State) throws(NetworkError) {
        if let fault = state.fault { throw fault }
        if state.isInputClosed || state.isOver { throw closed }
    }

    private static var closed: NetworkError { NetworkError(.closed, "the peer has closed the connection") }
}
