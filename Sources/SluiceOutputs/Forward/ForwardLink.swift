import Logging
import NIOCore
import SluiceComponent
import SluiceNetwork

/// One connection of a `forward` output at a time, the chunks that are under way on it, and what its receiver answers.
final class ForwardLink {
    private static let readBytes = 16 << 10

    private let settings: ForwardSettings
    private let context: OutputContext
    private let dialer: Dialer
    /// The one address that it goes to; nil: the first that can be reached.
    private let index: Int?
    private var connection: DialedConnection?
    private var flight = ForwardFlight()
    private var heard = ForwardMessages()
    /// When something went forward last, by the monotonic clock: a chunk was sent or one was acknowledged.
    private var movedAt: Int64 = 0
    private var keepsAlive = true
    /// When an address that failed is tried again.
    private(set) var retryAt: Int64 = 0
    private(set) var connects = 0
    private(set) var chunksSent = 0
    private(set) var chunksResent = 0

    /// A link without a connection.
    init(_ settings: ForwardSettings, _ context: OutputContext, _ dialer: Dialer, index: Int?) {
        self.settings = settings
        self.context = context
        self.dialer = dialer
        self.index = index
    }

    /// Whether something can be sent at once.
    var isOpen: Bool { connection?.isOpen ?? false }

    /// Whether there is a connection, maybe one that has ended.
    var hasConnection: Bool { connection != nil }

    /// Chunks that were not acknowledged.
    var unacknowledged: Int { flight.count }

    /// Where it goes.
    var addressText: String { (connection?.address ?? settings.dial.addresses[index ?? 0]).text }

    // MARK: - Connecting

    /// Makes sure of a connection whose receiver has let us in. One that has ended and owes nothing is made anew.
    func open() throws(NetworkError) {
        if connection != nil, !isOpen {
            guard flight.count == 0 else { throw NetworkError(.closed, "the receiver has closed the connection") }
            hangUp()
        }
        if let current = connection {
            guard flight.count == 0, index == nil, let earlier = dialer.earlierConnection(than: current) else { return }
            context.log.info("output `\(context.name)`: back to \(earlier.address.text)")
            hangUp()
            return try adopt(earlier)
        }
        do throws(NetworkError) {
            if let index {
                try adopt(try dialer.connect(to: index, stop: context.stop))
            } else {
                try adopt(try dialer.connect(stop: context.stop))
            }
        } catch {
            retryAt = MonotonicClock.now + settings.dial.failbackNs
            throw error
        }
    }

    private func adopt(_ made: DialedConnection) throws(NetworkError) {
        connects += 1
        heard = ForwardMessages()
        keepsAlive = true
        connection = made
        guard let secret = settings.secret else { return }
        do throws(NetworkError) { try introduce(secret, to: made) } catch {
            hangUp()
            throw error
        }
    }

    /// Shows the receiver that we know the key, and has it show the same.
    private func introduce(_ secret: ForwardSecret, to receiver: DialedConnection) throws(NetworkError) {
        let own = secret.hostname.isEmpty ? ForwardSecret(sharedKey: secret.sharedKey, hostname: LocalHostName.current) : secret
        var visitor = ForwardVisitor(own, user: settings.user)
        let deadline = MonotonicClock.now + settings.dial.connectTimeoutNs
        let greeting = try message(until: deadline, "the receiver greets nobody with HELO: it asks for no `shared_key`")
        let answer = try Self.handshake { () throws(ForwardVisitor.Fault) in try visitor.answer(greeting) }
        try receiver.write(ByteBuffer(bytes: answer), stop: context.stop)
        let verdict = try message(until: deadline, "the receiver did not end the handshake with PONG in time")
        try Self.handshake { () throws(ForwardVisitor.Fault) in try visitor.check(verdict) }
        keepsAlive = visitor.keepsAlive
    }

    private static func handshake<Value>(_ body: () throws(ForwardVisitor.Fault) -> Value) throws(NetworkError) -> Value {
        do throws(ForwardVisitor.Fault) { return try body() } catch {
            throw NetworkError(.handshake, "no handshake with the receiver: \(error.reason)")
        }
    }

    // MARK: - Sending

    /// Sends the next chunk of a parcel, and takes what the receiver has answered meanwhile.
    func send(_ chunk: ForwardChunk, of parcel: Parcel, isAgain: Bool) throws(NetworkError) {
        guard let connection else { throw NetworkError(.closed, "there is no connection") }
        flight.add(chunk.name, of: parcel)
        chunksSent += 1
        if isAgain { chunksResent += 1 }
        try connection.write(chunk.bytes, stop: context.stop)
        movedAt = MonotonicClock.now
        while try hear(until: MonotonicClock.now) {}
    }

    /// Waits until everything that was sent has arrived. A receiver that takes one batch a connection is left then, also when sending has
    /// heard the last acknowledgement already.
    func confirm() throws(NetworkError) {
        try awaitArrival()
        if !keepsAlive { hangUp() }
    }

    private func awaitArrival() throws(NetworkError) {
        guard flight.count > 0, let connection else { return }
        if settings.requiresAcknowledgement {
            while flight.count > 0 {
                guard try hear(until: movedAt + settings.acknowledgementNs) else {
                    throw NetworkError(
                        .timedOut,
                        "\(flight.count) chunks were not acknowledged for `ack_timeout` (\(settings.acknowledgementNs / 1_000_000) ms)")
                }
            }
        } else {
            try connection.flush(stop: context.stop)
            flight.arrived()
            movedAt = MonotonicClock.now
        }
    }

    /// The connection is over: what did not arrive goes out again. Answers how many chunks these are.
    @discardableResult
    func hangUp() -> Int {
        connection?.close()
        connection = nil
        return flight.abandon()
    }

    // MARK: - Hearing

    /// Takes what the receiver has sent, waiting for some; false when nothing came by the deadline.
    private func hear(until deadline: Int64) throws(NetworkError) -> Bool {
        guard try receive(until: deadline) else { return false }
        while let message = try heard.next() {
            if let name = MessagePackValue(message)?["ack"]?.bytes {
                if flight.acknowledged(name) { movedAt = MonotonicClock.now }
            } else if ForwardVisitor.isGreeting(message) {
                throw NetworkError(.handshake, "the receiver asks for a key; give `shared_key`")
            } else if message != [0xC0] {
                throw NetworkError(
                    .handshake, "the receiver answers with something that is no acknowledgement; is it one of the forward protocol?")
            }
        }
        return true
    }

    /// The receiver's next message; throws `late` when it has not come by the deadline.
    private func message(until deadline: Int64, _ late: String) throws(NetworkError) -> [UInt8] {
        while true {
            if let message = try heard.next() { return message }
            guard try receive(until: deadline) else { throw NetworkError(.timedOut, late) }
        }
    }

    private func receive(until deadline: Int64) throws(NetworkError) -> Bool {
        guard let connection else { return false }
        guard let bytes = try connection.read(upTo: Self.readBytes, until: deadline, stop: context.stop) else { return false }
        guard !bytes.isEmpty else { throw NetworkError(.closed, "the receiver has closed the connection") }
        heard.received(bytes)
        return true
    }
}
