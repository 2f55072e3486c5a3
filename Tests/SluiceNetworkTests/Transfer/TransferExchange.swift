import SluiceNetwork

/// A sender, a receiver and a relay between them that a test (or chance) moves byte by byte: no sockets, no threads, no time.
struct TransferExchange {
    /// Numbers that come the same way for the same seed.
    struct Chance: RandomNumberGenerator {
        private var state: UInt64

        init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state &* 0x2545_F491_4F6C_DD1D
        }
    }

    /// A connection as the receiver sees it.
    private struct Connection {
        var receiver: TransferReceiver
        let number: UInt64
    }

    private(set) var sender: TransferSender
    private(set) var senders = TransferSenders()
    /// What the receiver has saved: survives its restart.
    private var positions: [TransferIdentity: UInt64] = [:]
    private var open: Connection?
    /// Connections that the sender has given up and the receiver does not know about.
    private var halfOpen: [Connection] = []
    private var connections: UInt64 = 0
    private var toReceiver: [UInt8] = []
    private var toSender: [UInt8] = []
    private let compression: TransferCompression
    private let token: String
    private let receiverToken: String

    /// Payloads that were handed on and are not confirmed: a crash may lose or repeat them.
    private(set) var pending: [(identity: TransferIdentity, sequence: UInt64, text: String)] = []
    /// Payloads that are delivered for good.
    private(set) var delivered: [String] = []
    /// Everything that was ever handed on, in order: what an output may have seen.
    private(set) var handedOn: [String] = []
    private(set) var faults: [TransferError] = []
    /// Frames that the receiver was told are repetitions.
    private(set) var repeated = 0
    private(set) var senderFaults: [TransferError] = []

    init(compression: TransferCompression = .none, token: String = "", receiverToken: String? = nil) {
        self.compression = compression
        self.token = token
        self.receiverToken = receiverToken ?? token
        sender = TransferSender(name: "test", token: token, compression: compression)
    }

    var isConnected: Bool { open != nil }

    /// Payloads that the sender still keeps.
    var unsettled: Int { sender.waitingFrames }

    /// Takes one more payload.
    mutating func give(_ text: String) {
        text.utf8.withContiguousStorageIfAvailable { sender.add(UnsafeRawBufferPointer($0), events: 1) }
    }

    // MARK: - The network

    mutating func connect() {
        guard open == nil else { return }
        connections += 1
        open = Connection(
            receiver: TransferReceiver(connection: connections, token: receiverToken, payloadBytesMax: 1 << 20), number: connections)
        toReceiver = sender.connected()
        toSender = []
    }

    /// The connection breaks; what was under way is lost. A receiver that is not told has a half-open connection.
    mutating func cut(tellsReceiver: Bool = true) {
        guard let connection = open else { return }
        sender.disconnected()
        if tellsReceiver { close(connection) } else { halfOpen.append(connection) }
        open = nil
        (toReceiver, toSender) = ([], [])
    }

    /// The receiver hears at last of connections that were cut.
    mutating func tellReceiver() {
        for connection in halfOpen { close(connection) }
        halfOpen = []
    }

    private mutating func close(_ connection: Connection) {
        if let identity = connection.receiver.identity { senders.closed(identity, connection: connection.number, now: 0) }
    }

    /// Lets so many bytes through to the receiver.
    mutating func passToReceiver(_ count: Int) {
        pump()
        guard var connection = open else { return }
        let bytes = Array(toReceiver.prefix(count))
        toReceiver.removeFirst(bytes.count)
        let actions = bytes.withUnsafeBytes { connection.receiver.received($0, senders: &senders, now: 0) }
        open = connection
        act(actions)
    }

    /// Lets so many bytes through to the sender.
    mutating func passToSender(_ count: Int) {
        guard open != nil else { return }
        let bytes = Array(toSender.prefix(count))
        toSender.removeFirst(bytes.count)
        do throws(TransferError) {
            try sender.received(bytes)
        } catch {
            senderFaults.append(error)
            cut()
        }
    }

    private mutating func pump() {
        guard open != nil else { return }
        do throws(TransferError) {
            while let frame = try sender.nextFrame() { toReceiver += frame }
        } catch {
            senderFaults.append(error)
            cut()
        }
    }

    private mutating func act(_ actions: [TransferReceiver.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): toSender += bytes
            case .deliver(let identity, let data, let isRepeated):
                if isRepeated { repeated += 1 }
                var room = [UInt8](repeating: 0, count: data.plainBytes)
                let isWhole = data.payload.withUnsafeBytes { payload in
                    room.withUnsafeMutableBytes { data.compression.unpack(payload, into: $0) }
                }
                let text = isWhole ? String(decoding: room, as: UTF8.self) : "?"
                pending.append((identity, data.sequence, text))
                handedOn.append(text)
            case .supersede(let number): halfOpen.removeAll { $0.number == number }
            case .forget(let identities): for identity in identities { positions[identity] = nil }
            case .close(let error):
                if let error {
                    faults.append(error)
                    passToSender(.max)
                }
                cut()
            }
        }
    }

    // MARK: - The programs

    /// The oldest payloads that were handed on are delivered, and the sender is told.
    mutating func confirm(_ count: Int = .max) {
        let done = pending.prefix(count)
        pending.removeFirst(done.count)
        for each in done {
            delivered.append(each.text)
            positions[each.identity] = each.sequence
            let number = senders.confirmed(each.identity, through: each.sequence)
            if let open, number == open.number { toSender += TransferFrame.acknowledged(each.sequence).bytes }
        }
    }

    /// The receiver dies and comes back; `isWiped` without what it had saved. What was not confirmed is gone.
    mutating func restartReceiver(isWiped: Bool = false) {
        cut()
        halfOpen = []
        pending = []
        senders = TransferSenders()
        if isWiped { positions = [:] }
        for (identity, sequence) in positions {
            senders.restore(identity, received: sequence, lastSeen: 0)
            // As the program's first confirmation says.
            _ = senders.confirmed(identity, through: sequence)
        }
    }

    /// The sender dies and comes back with a buffer that holds `texts`, which were not acknowledged.
    mutating func restartSender(_ texts: [String]) {
        cut(tellsReceiver: false)
        sender = TransferSender(name: "test", token: token, compression: compression)
        for text in texts { give(text) }
    }

    mutating func abandon() {
        cut()
        sender.abandon()
    }

    /// Lets everything through until nothing moves.
    mutating func settle() {
        for _ in 0..<1_000 where !sender.isSettled {
            connect()
            passToReceiver(.max)
            passToSender(.max)
            passToReceiver(.max)
            confirm()
            passToSender(.max)
        }
    }

    mutating func sayGoodbye() {
        guard let goodbye = sender.goodbye() else { return }
        toReceiver += goodbye
        passToReceiver(.max)
    }
}
