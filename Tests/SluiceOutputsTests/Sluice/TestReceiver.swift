import Glibc
import SluiceComponent
import SluiceNetwork

/// A receiver of the tests' own on a Unix socket, that acknowledges, keeps silent or hangs up as it is told.
final class TestReceiver: Sendable {
    /// What it does with what comes.
    struct Manner: Sendable {
        var token = ""
        var payloadBytesMax = 16 << 20
        /// Acknowledge what was taken.
        var isConfirming = true
        /// Hang up behind so many bytes of a connection.
        var bytesMax: Int?
        /// Say so much and nothing else, when a connection comes.
        var words: [UInt8]?
        /// Say nothing at all.
        var isSilent = false
    }

    struct State: Sendable {
        var manner = Manner()
        /// Payloads in the order in which they were taken, unpacked.
        var payloads: [[UInt8]] = []
        var events: [Int] = []
        var compressions: Set<TransferCompression> = []
        var connections = 0
        var hellos: [TransferFrame.Hello] = []
        var repeated = 0
        var pings = 0
        var isGoodbyeSaid = false
        var senders = TransferSenders()
        var identity: TransferIdentity?
    }

    let state: Monitor<State>
    private let stop = StopFlag()
    private let thread: WorkerThread
    private let listener: Int32

    init(_ path: String, _ manner: Manner = Manner()) {
        let state = Monitor(State())
        state.withLock { $0.manner = manner }
        self.state = state
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        unlink(path)
        var name = sockaddr_un(path: path)!
        precondition(name.withAddress { bind(listener, $0, $1) } == 0 && listen(listener, 8) == 0)
        let stop = stop
        thread = WorkerThread("receiver") { Self.run(listener, state, stop) }
    }

    deinit { end() }

    /// Hangs up and listens no more.
    func end() {
        guard !stop.isSet else { return }
        stop.set()
        thread.join()
        close(listener)
    }

    func set(_ change: (inout Manner) -> Void) { state.notify { change(&$0.manner) } }

    /// Waits until the state answers something.
    func wait<Value: Sendable>(_ body: @escaping (State) -> Value?) -> Value? {
        state.wait(until: MonotonicClock.now + 20_000_000_000) { body($0) }
    }

    // MARK: - The thread

    private static func run(_ listener: Int32, _ state: Monitor<State>, _ stop: StopFlag) {
        while Waiting.wait(for: listener, Int16(POLLIN), until: nil, stop: stop) == .ready {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { continue }
            let number = state.notify { state in
                state.connections += 1
                return UInt64(state.connections)
            }
            serve(descriptor, number, state, stop)
            close(descriptor)
            state.notify { state in
                if let identity = state.identity { state.senders.closed(identity, connection: number, now: 0) }
            }
        }
    }

    private static func serve(_ descriptor: Int32, _ number: UInt64, _ state: Monitor<State>, _ stop: StopFlag) {
        let manner = state.withLock { $0.manner }
        var receiver = TransferReceiver(connection: number, token: manner.token, payloadBytesMax: manner.payloadBytesMax)
        var reader = TransferReader()
        reader.payloadBytesMax = manner.payloadBytesMax
        if let words = manner.words {
            // Who answers waits for the sender's first words, and hangs up when it does.
            var first = [UInt8](repeating: 0, count: 1 << 12)
            guard read(descriptor, &first, first.count) > 0, !words.isEmpty else { return }
            send(words, descriptor)
            _ = Waiting.wait(for: descriptor, Int16(POLLIN), until: MonotonicClock.now + 20_000_000_000, stop: stop)
            return
        }
        var left = manner.bytesMax ?? .max
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while left > 0 {
            let waited = Waiting.wait(for: descriptor, Int16(POLLIN), until: MonotonicClock.now + 2_000_000, stop: stop)
            if waited == .stopped { return }
            if waited == .ready {
                let count = read(descriptor, &room, min(room.count, left))
                if count <= 0 { return }
                left -= count
                let bytes = Array(room[..<count])
                if manner.isSilent { continue }
                note(bytes, &reader, state)
                let actions = bytes.withUnsafeBytes { bytes in
                    state.withLock { receiver.received(bytes, senders: &$0.senders, now: 0) }
                }
                guard perform(actions, descriptor, state) else { return }
            }
            confirm(receiver, descriptor, state)
        }
    }

    private static func note(_ bytes: [UInt8], _ reader: inout TransferReader, _ state: Monitor<State>) {
        bytes.withUnsafeBytes { reader.append($0) }
        while let frame = try? reader.next() {
            state.notify { state in
                switch frame {
                case .hello(let hello): state.hellos.append(hello)
                case .ping: state.pings += 1
                case .bye: state.isGoodbyeSaid = true
                default: break
                }
            }
        }
    }

    private static func perform(_ actions: [TransferReceiver.Action], _ descriptor: Int32, _ state: Monitor<State>) -> Bool {
        for action in actions {
            switch action {
            case .send(let bytes): send(bytes, descriptor)
            case .deliver(let identity, let data, let isRepeated):
                var room = [UInt8](repeating: 0, count: data.plainBytes)
                let isWhole = data.payload.withUnsafeBytes { payload in
                    room.withUnsafeMutableBytes { data.compression.unpack(payload, into: $0) }
                }
                precondition(isWhole, "a payload that is not what it says")
                state.notify { state in
                    state.identity = identity
                    state.payloads.append(room)
                    state.events.append(data.events)
                    state.compressions.insert(data.compression)
                    if isRepeated { state.repeated += 1 }
                }
            case .supersede, .forget: break
            case .close: return false
            }
        }
        return true
    }

    private static func confirm(_ receiver: TransferReceiver, _ descriptor: Int32, _ state: Monitor<State>) {
        guard let identity = receiver.identity else { return }
        let sequence: UInt64? = state.withLock { state in
            let sequence = state.senders.received(of: identity)
            guard state.manner.isConfirming else { return nil }
            return state.senders.confirmed(identity, through: sequence) == nil ? nil : sequence
        }
        if let sequence { send(TransferFrame.acknowledged(sequence).bytes, descriptor) }
    }

    private static func send(_ bytes: [UInt8], _ descriptor: Int32) {
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
