/// The sending side: what was not acknowledged yet, and how far this connection has come with it. Pure: bytes in, frames out.
///
/// ```
///             connected()              welcome              disconnected()
///   closed ───────────────► greeting ──────────► open ─────────────────────► closed
///                                                 │ nextFrame(), acknowledged
/// ```
///
/// Frames keep their sequence numbers over all connections of one sender, so that a receiver that has some of them already takes
/// each once.
package struct TransferSender {
    private enum Phase { case closed, greeting, open }

    private struct Waiting {
        let sequence: UInt64
        let plainBytes: Int
        let compression: TransferCompression
        let bytes: [UInt8]
    }

    /// Who this sender is to receivers.
    package let identity: TransferIdentity
    private let name: String
    private let token: String
    private let compression: TransferCompression
    private var phase = Phase.closed
    private var reader = TransferReader()
    /// Oldest first, without gaps.
    private var waiting: [Waiting] = []
    private var nextSequence: UInt64 = 1
    /// The last frame that this connection's receiver has or was sent.
    private var sent: UInt64 = 0
    /// The last frame that was ever sent.
    private var sentEver: UInt64 = 0
    private var welcome: TransferFrame.Welcome?
    /// The longest payload that the last receiver which has answered takes.
    package private(set) var payloadBytesMax = TransferFrame.Limit.payloadBytesMax
    /// Frames that were sent more than once.
    package private(set) var resent = 0

    /// A sender that has sent nothing.
    package init(identity: TransferIdentity = .random(), name: String, token: String, compression: TransferCompression) {
        self.identity = identity
        self.name = name
        self.token = token
        self.compression = compression
    }

    /// Whether everything was acknowledged.
    package var isSettled: Bool { waiting.isEmpty }

    /// Whether the receiver has answered the hello.
    package var isOpen: Bool { phase == .open }

    /// Frames that wait for their acknowledgement.
    package var waitingFrames: Int { waiting.count }

    /// The bytes of a frame that this receiver does not take; nil when there is none.
    package var tooLongBytes: Int? { waiting.first { $0.plainBytes > payloadBytesMax }?.plainBytes }

    /// Bytes that wait for their acknowledgement, packed.
    package var waitingBytes: Int { waiting.reduce(0) { $0 + $1.bytes.count } }

    // MARK: - Frames

    /// Takes events: the payload of a frame that is kept until it is acknowledged.
    package mutating func add(_ payload: UnsafeRawBufferPointer, events: Int) {
        let packed = compression.packed(payload)
        let data = TransferFrame.Data(
            sequence: nextSequence, events: events, plainBytes: payload.count, compression: packed == nil ? .none : compression,
            payload: packed ?? Array(payload))
        waiting.append(
            Waiting(
                sequence: nextSequence, plainBytes: payload.count, compression: data.compression, bytes: TransferFrame.data(data).bytes))
        nextSequence += 1
    }

    /// The next frame for this connection, once; nil when there is none or the receiver has not answered yet. Throws when there is one
    /// that this receiver cannot take, before any frame is sent: who then sorts them out repeats nothing.
    package mutating func nextFrame() throws(TransferError) -> [UInt8]? {
        guard let welcome, phase == .open, let first = waiting.first else { return nil }
        if let tooLongBytes { throw tooLong(tooLongBytes) }
        let index = sent < first.sequence ? 0 : Int(sent - first.sequence) + 1
        guard index < waiting.count else { return nil }
        let frame = waiting[index]
        guard welcome.compressions.contains(frame.compression) else {
            throw TransferError(
                .compression, "the receiver cannot unpack `compression: \(frame.compression.name)`; write `compression: gzip`")
        }
        sent = frame.sequence
        if sent <= sentEver { resent += 1 }
        sentEver = max(sentEver, sent)
        return frame.bytes
    }

    /// The next receiver may take other payloads than the last one. Only while there is no connection.
    package mutating func forgetLimit() {
        precondition(phase == .closed, "the receiver that is connected has said what it takes")
        payloadBytesMax = TransferFrame.Limit.payloadBytesMax
    }

    /// What is wrong with an event of so many bytes.
    package func tooLong(_ bytes: Int) -> TransferError {
        let most = TransferFrame.Limit.payloadBytesMax
        return TransferError(
            .tooLarge,
            bytes > most
                ? "an event of \(bytes) bytes is longer than any receiver takes (\(most) bytes)"
                : "an event of \(bytes) bytes exceeds the receiver's `max_frame_size` (\(payloadBytesMax) bytes); raise it there")
    }

    /// What waits is somebody else's matter from now on. Only while there is no connection.
    package mutating func abandon() {
        precondition(phase == .closed, "frames are abandoned on an open connection")
        waiting = []
    }

    // MARK: - Connections

    /// A connection is there: answers what to send first.
    package mutating func connected() -> [UInt8] {
        precondition(phase == .closed, "a sender has one connection")
        phase = .greeting
        reader = TransferReader()
        let hello = TransferFrame.Hello(
            identity: identity, first: waiting.first?.sequence ?? nextSequence, next: nextSequence, sent: sentEver, name: name,
            token: token)
        return TransferGreeting.bytes + TransferFrame.hello(hello).bytes
    }

    /// The connection is gone: what was not acknowledged is sent again on the next one, unless its receiver has it.
    package mutating func disconnected() {
        phase = .closed
        welcome = nil
    }

    /// Bytes of the receiver. After a fault the connection has to be closed.
    package mutating func received(_ bytes: [UInt8]) throws(TransferError) {
        bytes.withUnsafeBytes { reader.append($0) }
        while let frame = try reader.next() { try received(frame) }
    }

    private mutating func received(_ frame: TransferFrame) throws(TransferError) {
        switch (frame, phase) {
        case (.welcome(let welcome), .greeting): try open(welcome)
        case (.acknowledged(let sequence), .open):
            guard sequence <= sent else {
                throw TransferFrame.malformed("frame \(sequence) was acknowledged and \(sent) was the last one sent")
            }
            settle(through: sequence)
        case (.ping, _): break
        case (.failed(let error), _): throw error
        default: throw TransferFrame.malformed("a frame that a receiver does not send now")
        }
    }

    private mutating func open(_ welcome: TransferFrame.Welcome) throws(TransferError) {
        guard welcome.received < nextSequence else {
            throw TransferFrame.malformed("the receiver has frame \(welcome.received), which was not made yet")
        }
        self.welcome = welcome
        payloadBytesMax = welcome.payloadBytesMax
        phase = .open
        sent = welcome.received
        settle(through: welcome.confirmed)
    }

    private mutating func settle(through sequence: UInt64) {
        guard let first = waiting.first, sequence >= first.sequence else { return }
        waiting.removeFirst(Int(sequence - first.sequence) + 1)
    }

    /// What says goodbye to a receiver that has acknowledged everything; nil when there is nobody to say it to.
    package func goodbye() -> [UInt8]? { phase == .open && waiting.isEmpty ? TransferFrame.bye.bytes : nil }
}
