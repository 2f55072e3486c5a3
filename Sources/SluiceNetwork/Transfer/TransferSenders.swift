/// What a receiver knows of all its senders, whichever connection they are on: pure, one for each input.
///
/// For each identity the last frame that was taken (`received`) and the last one that is delivered for good (`confirmed`). The
/// numbers only spare repetitions: a sender that is not known, or no longer, is believed what it says and sends what it has.
package struct TransferSenders {
    private struct Sender {
        var received: UInt64
        var confirmed: UInt64
        var connection: UInt64?
        /// Seconds since 1970 UTC.
        var lastSeen: Int64
    }

    /// What is kept of senders that are not connected; the one that was not seen for longest goes first.
    package static let idleSendersMax = 1_000

    private var senders: [TransferIdentity: Sender] = [:]

    /// Nobody is known.
    package init() {}

    /// Senders that are known.
    package var count: Int { senders.count }

    /// Identities that are known.
    package var identities: [TransferIdentity] { Array(senders.keys) }

    /// What an earlier run of this program has kept: everything up to there was taken; whether it is delivered says
    /// ``confirmed(_:through:)``.
    package mutating func restore(_ identity: TransferIdentity, received: UInt64, lastSeen: Int64) {
        senders[identity] = Sender(received: received, confirmed: 0, connection: nil, lastSeen: lastSeen)
    }

    /// What becomes of a hello.
    package struct Opening: Equatable, Sendable {
        package var received: UInt64
        package var confirmed: UInt64
        /// A connection that the same sender had before and has given up.
        package var superseded: UInt64?
        /// Senders that were forgotten to make room.
        package var forgotten: [TransferIdentity] = []
    }

    /// A sender is there on a connection.
    package mutating func opened(_ hello: TransferFrame.Hello, connection: UInt64, now: Int64) -> Opening {
        var sender = senders[hello.identity] ?? Sender(received: 0, confirmed: 0, connection: nil, lastSeen: now)
        // What is known of frames that the sender has not made yet is not about this sender (a machine that was set back).
        if sender.received >= hello.next { sender = Sender(received: 0, confirmed: 0, connection: sender.connection, lastSeen: now) }
        // What the sender does not have any more was acknowledged to it, by whichever receiver had it.
        sender.received = max(sender.received, hello.first - 1)
        sender.confirmed = max(sender.confirmed, hello.first - 1)
        let superseded = sender.connection
        sender.connection = connection
        sender.lastSeen = now
        senders[hello.identity] = sender
        return Opening(
            received: sender.received, confirmed: sender.confirmed, superseded: superseded, forgotten: forget(now: now))
    }

    private mutating func forget(now: Int64) -> [TransferIdentity] {
        let idle = senders.filter { $0.value.connection == nil }
        guard idle.count > Self.idleSendersMax else { return [] }
        let oldest = idle.sorted { $0.value.lastSeen < $1.value.lastSeen }.prefix(idle.count - Self.idleSendersMax).map(\.key)
        for identity in oldest { senders[identity] = nil }
        return oldest
    }

    /// Whether a frame is the next one of its sender, and notes it as taken then.
    package mutating func take(_ sequence: UInt64, of identity: TransferIdentity) -> Bool {
        guard var sender = senders[identity], sequence == sender.received + 1 else { return false }
        sender.received = sequence
        senders[identity] = sender
        return true
    }

    /// The last frame that was taken of a sender.
    package func received(of identity: TransferIdentity) -> UInt64 { senders[identity]?.received ?? 0 }

    /// The last frame of a sender that is delivered.
    package func confirmed(of identity: TransferIdentity) -> UInt64 { senders[identity]?.confirmed ?? 0 }

    /// Everything of a sender up to there is delivered; answers the connection to tell.
    package mutating func confirmed(_ identity: TransferIdentity, through sequence: UInt64) -> UInt64? {
        guard let sender = senders[identity], sequence > sender.confirmed, sequence <= sender.received else { return nil }
        senders[identity]?.confirmed = sequence
        return sender.connection
    }

    /// A connection is gone.
    package mutating func closed(_ identity: TransferIdentity, connection: UInt64, now: Int64) {
        guard senders[identity]?.connection == connection else { return }
        senders[identity]?.connection = nil
        senders[identity]?.lastSeen = now
    }

    /// A sender has no use for its identity any more; false when something of it is not delivered yet, so that it has to be kept.
    package mutating func ended(_ identity: TransferIdentity) -> Bool {
        guard let sender = senders[identity], sender.confirmed == sender.received else { return false }
        senders[identity] = nil
        return true
    }
}
