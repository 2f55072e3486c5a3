/// The receiving side of one connection: pure, bytes in, actions out. What it knows of its sender beyond the connection is in
/// ``TransferSenders``.
///
/// ```
///              hello, token right            bye, a fault, superseded
///   waiting ───────────────────────► open ───────────────────────────► ended
///      └──────── a fault ──────────────────────────────────────────────►
/// ```
package struct TransferReceiver {
    /// What is to be done, in order.
    package enum Action: Equatable, Sendable {
        case send([UInt8])
        /// A frame that was not taken before; to be confirmed by its sequence number. `isRepeated`: the sender has sent it before, perhaps
        /// to an earlier life of this program, or to another receiver.
        case deliver(TransferIdentity, TransferFrame.Data, isRepeated: Bool)
        /// This connection of the same sender is to be closed.
        case supersede(connection: UInt64)
        /// What is kept of these senders can go.
        case forget([TransferIdentity])
        /// The connection is to be closed when what was to be sent is out; with a fault, unless the sender has said goodbye.
        case close(TransferError?)
    }

    private enum Phase: Equatable {
        case waiting
        case open(TransferIdentity)
        case ended
    }

    private let connection: UInt64
    private let token: String
    private let payloadBytesMax: Int
    private var reader = TransferReader()
    private var phase = Phase.waiting
    private var sentBefore: UInt64 = 0
    /// What the sender calls itself; empty before its hello.
    package private(set) var name = ""

    /// The receiver of a new connection. An empty token takes every sender.
    package init(connection: UInt64, token: String, payloadBytesMax: Int) {
        self.connection = connection
        self.token = token
        self.payloadBytesMax = payloadBytesMax
    }

    /// Who sends; nil before the hello.
    package var identity: TransferIdentity? {
        if case .open(let identity) = phase { identity } else { nil }
    }

    /// Whether the connection would end in the middle of something.
    package var isInFrame: Bool { reader.isInFrame }

    /// Bytes of the sender.
    package mutating func received(_ bytes: UnsafeRawBufferPointer, senders: inout TransferSenders, now: Int64) -> [Action] {
        guard phase != .ended else { return [] }
        reader.append(bytes)
        var actions: [Action] = []
        do throws(TransferError) {
            while phase != .ended, let frame = try reader.next() { try received(frame, &senders, now, &actions) }
        } catch {
            refuse(error, &actions)
        }
        return actions
    }

    private mutating func received(
        _ frame: TransferFrame, _ senders: inout TransferSenders, _ now: Int64, _ actions: inout [Action]
    ) throws(TransferError) {
        switch (frame, phase) {
        case (.hello(let hello), .waiting): try open(hello, &senders, now, &actions)
        case (.data(let data), .open(let identity)):
            guard senders.take(data.sequence, of: identity) else {
                throw TransferError(
                    .sequence,
                    "frame \(data.sequence) came behind frame \(senders.received(of: identity)); a number was left out or came twice")
            }
            actions.append(.deliver(identity, data, isRepeated: data.sequence <= sentBefore))
        case (.ping, .open): break
        case (.bye, .open(let identity)):
            phase = .ended
            if senders.ended(identity) { actions.append(.forget([identity])) }
            actions.append(.close(nil))
        default: throw TransferFrame.malformed("a frame that a sender does not send now")
        }
    }

    private mutating func open(
        _ hello: TransferFrame.Hello, _ senders: inout TransferSenders, _ now: Int64, _ actions: inout [Action]
    ) throws(TransferError) {
        name = hello.name
        guard Self.isSame(hello.token, token) else {
            let what = hello.token.isEmpty ? "no token" : "another token"
            throw TransferError(.token, "the sender has \(what) than the receiver; `token` has to be the same on both sides")
        }
        let opening = senders.opened(hello, connection: connection, now: now)
        phase = .open(hello.identity)
        sentBefore = hello.sent
        reader.payloadBytesMax = payloadBytesMax
        if let superseded = opening.superseded { actions.append(.supersede(connection: superseded)) }
        if !opening.forgotten.isEmpty { actions.append(.forget(opening.forgotten)) }
        let welcome = TransferFrame.Welcome(
            received: opening.received, confirmed: opening.confirmed, payloadBytesMax: payloadBytesMax,
            compressions: TransferCompression.known)
        actions.append(.send(TransferGreeting.bytes + TransferFrame.welcome(welcome).bytes))
    }

    /// Hangs up with a reason: the input ends, or the sender has come back on another connection.
    package mutating func end(_ error: TransferError) -> [Action] {
        guard phase != .ended else { return [] }
        var actions: [Action] = []
        refuse(error, &actions)
        return actions
    }

    private mutating func refuse(_ error: TransferError, _ actions: inout [Action]) {
        // Who speaks another protocol would not understand an answer either.
        if error.code != .foreign {
            let greeting = phase == .waiting ? TransferGreeting.bytes : []
            actions.append(.send(greeting + TransferFrame.failed(error).bytes))
        }
        phase = .ended
        actions.append(.close(error))
    }

    /// Whether two secrets are the same, in a time that does not tell where they differ.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        var difference = one.count ^ other.count
        for index in other.indices { difference |= Int(other[index] ^ (index < one.count ? one[index] : 0)) }
        return difference == 0
    }
}
