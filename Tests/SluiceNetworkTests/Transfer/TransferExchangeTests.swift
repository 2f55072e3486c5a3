import SluiceNetwork
import Testing

@Suite struct TransferExchangeTests {
    private let texts = (1...12).map { "payload \($0) " + String(repeating: "x", count: $0 * 7) }

    @Test func `everything comes once and in order, and is settled when it is confirmed`() {
        var exchange = TransferExchange(compression: .gzip)
        for text in texts { exchange.give(text) }
        exchange.connect()
        exchange.passToReceiver(.max)
        exchange.passToSender(.max)
        exchange.passToReceiver(.max)
        #expect(exchange.handedOn == texts && !exchange.sender.isSettled && exchange.sender.waitingBytes > 0)
        exchange.confirm(5)
        exchange.passToSender(.max)
        #expect(!exchange.sender.isSettled)
        exchange.confirm()
        exchange.passToSender(.max)
        #expect(exchange.sender.isSettled && exchange.delivered == texts && exchange.faults == [] && exchange.sender.waitingBytes == 0)
    }

    /// Every place at which a connection can break, on the way there and on the way back.
    @Test func `a cut at any byte loses nothing and repeats nothing`() {
        var reference = TransferExchange()
        for text in texts.prefix(4) { reference.give(text) }
        reference.settle()
        for isTold in [true, false] {
            for there in 0..<1_200 {
                for back in stride(from: 0, to: 160, by: 7) where there % 40 == 0 || back == 0 {
                    var exchange = TransferExchange()
                    for text in texts.prefix(4) { exchange.give(text) }
                    exchange.connect()
                    exchange.passToReceiver(min(there, 80))
                    exchange.passToSender(.max)
                    exchange.passToReceiver(max(0, there - 80))
                    exchange.confirm(2)
                    exchange.passToSender(back)
                    exchange.cut(tellsReceiver: isTold)
                    exchange.settle()
                    exchange.tellReceiver()
                    #expect(exchange.handedOn == reference.handedOn, "cut at \(there), \(back)")
                    #expect(exchange.sender.isSettled && exchange.faults == [] && exchange.senderFaults == [])
                }
            }
        }
    }

    @Test func `confirmations of an old connection reach the sender on the new one`() {
        var exchange = TransferExchange()
        for text in texts { exchange.give(text) }
        exchange.connect()
        exchange.passToReceiver(.max)
        exchange.passToSender(.max)
        exchange.passToReceiver(.max)
        exchange.cut(tellsReceiver: false)
        exchange.connect()
        exchange.passToReceiver(.max)
        exchange.passToSender(.max)
        exchange.confirm()
        exchange.passToSender(.max)
        #expect(exchange.sender.isSettled && exchange.handedOn == texts && exchange.sender.resent == 0 && exchange.repeated == 0)
    }

    @Test func `a receiver that dies repeats at most what was not confirmed`() {
        var exchange = TransferExchange()
        for text in texts { exchange.give(text) }
        exchange.connect()
        exchange.passToReceiver(.max)
        exchange.passToSender(.max)
        exchange.passToReceiver(.max)
        exchange.confirm(7)
        exchange.restartReceiver()
        exchange.settle()
        #expect(exchange.delivered == texts)
        #expect(exchange.handedOn == texts + Array(texts[7...]) && exchange.sender.resent == 5 && exchange.repeated == 5)
    }

    @Test func `a receiver that has lost all it knew is sent what is not acknowledged and nothing else`() {
        var exchange = TransferExchange()
        for text in texts { exchange.give(text) }
        exchange.connect()
        exchange.passToReceiver(.max)
        exchange.passToSender(.max)
        exchange.passToReceiver(.max)
        exchange.confirm(5)
        exchange.passToSender(.max)
        exchange.confirm(2)
        // These two acknowledgements never arrive, and the receiver forgets that it gave them.
        exchange.restartReceiver(isWiped: true)
        exchange.settle()
        #expect(exchange.delivered == Array(texts[..<7]) + Array(texts[5...]))
        #expect(exchange.faults == [] && exchange.senderFaults == [])
    }

    @Test func `a sender that dies repeats what was not acknowledged to it`() {
        var exchange = TransferExchange()
        for text in texts { exchange.give(text) }
        exchange.connect()
        exchange.passToReceiver(.max)
        exchange.passToSender(.max)
        exchange.passToReceiver(.max)
        exchange.confirm(6)
        exchange.restartSender(Array(texts[6...]))
        exchange.settle()
        exchange.confirm()
        #expect(Set(exchange.delivered) == Set(texts))
        #expect(exchange.delivered.count == texts.count + 6)
    }

    @Test func `a sender that goes for good is forgotten`() {
        var exchange = TransferExchange()
        exchange.give("one")
        exchange.settle()
        #expect(exchange.senders.count == 1)
        exchange.sayGoodbye()
        #expect(exchange.senders.count == 0 && !exchange.isConnected && exchange.faults == [])
        exchange.restartReceiver()
        #expect(exchange.senders.count == 0)
    }

    @Test func `what was abandoned leaves a gap that nobody minds`() {
        var exchange = TransferExchange()
        exchange.give("one")
        exchange.settle()
        exchange.give("two")
        exchange.give("three")
        exchange.abandon()
        exchange.give("four")
        exchange.settle()
        #expect(exchange.delivered == ["one", "four"] && exchange.faults == [] && exchange.senderFaults == [])
    }

    @Test func `another token is refused with a sentence, and the sender hears it`() {
        var exchange = TransferExchange(token: "right", receiverToken: "wrong")
        exchange.give("one")
        exchange.connect()
        exchange.passToReceiver(.max)
        let sentence = "the sender has another token than the receiver; `token` has to be the same on both sides"
        #expect(exchange.faults == [TransferError(.token, sentence)] && exchange.senderFaults == [TransferError(.token, sentence)])
        #expect(exchange.handedOn == [] && exchange.senders.count == 0)
        var open = TransferExchange(token: "", receiverToken: "wanted")
        open.give("one")
        open.connect()
        open.passToReceiver(.max)
        #expect(open.senderFaults.first?.message.hasPrefix("the sender has no token") == true)
    }

    @Test func `a payload above the receiver's limit is the sender's error`() {
        var exchange = TransferExchange()
        exchange.give(String(repeating: "x", count: 1 << 20 + 1))
        exchange.connect()
        exchange.passToReceiver(.max)
        exchange.passToSender(.max)
        exchange.passToReceiver(.max)
        #expect(exchange.senderFaults.map(\.code) == [.tooLarge] && exchange.faults == [])
    }

    @Test(arguments: 1...60) func `whatever the relay and the programs do, nothing is lost`(seed: Int) {
        var chance = TransferExchange.Chance(UInt64(seed))
        let compression = [TransferCompression.none, .gzip].randomElement(using: &chance)!
        var exchange = TransferExchange(compression: compression)
        var given: [String] = []
        var isKilled = false
        for step in 0..<600 {
            switch Int.random(in: 0..<100, using: &chance) {
            case 0..<25:
                given.append("event \(given.count)")
                exchange.give(given.last!)
            case 25..<35: exchange.connect()
            case 35..<60: exchange.passToReceiver(.random(in: 0...400, using: &chance))
            case 60..<80: exchange.passToSender(.random(in: 0...120, using: &chance))
            case 80..<90: exchange.confirm(.random(in: 1...4, using: &chance))
            case 90..<94: exchange.cut(tellsReceiver: .random(using: &chance))
            case 94..<95: exchange.tellReceiver()
            case 95 where seed % 2 == 0:
                isKilled = true
                exchange.restartReceiver(isWiped: .random(using: &chance))
            case 96 where seed % 2 == 0:
                isKilled = true
                // What the sender's own buffer still has: everything behind what it knows to be acknowledged, and a few more.
                let known = given.count - exchange.unsettled
                exchange.restartSender(Array(given[max(0, known - step % 3)...]))
            default: break
            }
        }
        exchange.settle()
        exchange.confirm()
        #expect(exchange.senderFaults == [] && exchange.faults == [])
        #expect(exchange.sender.isSettled && Set(exchange.delivered) == Set(given), "seed \(seed)")
        if !isKilled { #expect(exchange.handedOn == given && exchange.delivered == given, "seed \(seed)") }
    }
}

@Suite struct TransferReceiverTests {
    private let identity = TransferIdentity(high: 1, low: 2)

    private func hello(_ identity: TransferIdentity, first: UInt64 = 1, next: UInt64 = 1) -> [UInt8] {
        TransferFrame.hello(.init(identity: identity, first: first, next: next, sent: next - 1, name: "a", token: "")).bytes
    }

    private func data(_ sequence: UInt64) -> [UInt8] {
        TransferFrame.data(.init(sequence: sequence, events: 1, plainBytes: 1, compression: .none, payload: [0])).bytes
    }

    /// What the receiver of a fresh connection answers.
    private func fault(_ bytes: [UInt8]) -> TransferError.Code? {
        var senders = TransferSenders()
        var receiver = TransferReceiver(connection: 1, token: "", payloadBytesMax: 1 << 20)
        let actions = bytes.withUnsafeBytes { receiver.received($0, senders: &senders, now: 0) }
        guard case .close(let error) = actions.last else { return nil }
        return error?.code
    }

    @Test func `frames in any other order are refused`() {
        let start = TransferGreeting.bytes + hello(identity)
        #expect(fault(start + data(1) + data(2)) == nil)
        #expect(fault(start + data(2)) == .sequence)
        #expect(fault(start + data(1) + data(1)) == .sequence)
        #expect(fault(start + data(1) + data(3)) == .sequence)
        #expect(fault(start + hello(identity)) == .malformed)
        #expect(fault(start + TransferFrame.acknowledged(1).bytes) == .malformed)
        #expect(fault(TransferGreeting.bytes + TransferFrame.ping.bytes) == .malformed)
        #expect(fault(TransferGreeting.bytes + data(1)) == .malformed)
        #expect(fault(transferBytes("GET / HTTP/1.1\r\n")) == .foreign)
    }

    @Test func `a fault is answered with a sentence, and a foreign protocol with nothing`() throws {
        for (bytes, isAnswered) in [(TransferGreeting.bytes + data(1), true), (transferBytes("GET /"), false)] {
            var senders = TransferSenders()
            var receiver = TransferReceiver(connection: 1, token: "", payloadBytesMax: 1 << 20)
            let actions = bytes.withUnsafeBytes { receiver.received($0, senders: &senders, now: 0) }
            #expect(actions.count == (isAnswered ? 2 : 1))
            guard isAnswered, case .send(let answer) = actions.first else { continue }
            var reader = TransferReader()
            let frames = try reader.frames(of: answer)
            guard case .failed(let error) = frames.first else {
                Issue.record("no sentence in \(frames)")
                continue
            }
            #expect(error.code == .malformed && !error.message.isEmpty)
            // Nothing is heard of a connection that has ended.
            #expect(bytes.withUnsafeBytes { receiver.received($0, senders: &senders, now: 0) } == [])
        }
    }

    @Test func `a sender that comes again takes the place of its old connection`() {
        var senders = TransferSenders()
        var first = TransferReceiver(connection: 1, token: "", payloadBytesMax: 1 << 20)
        var second = TransferReceiver(connection: 2, token: "", payloadBytesMax: 1 << 20)
        let bytes = TransferGreeting.bytes + hello(identity, next: 2)
        _ = (bytes + data(1)).withUnsafeBytes { first.received($0, senders: &senders, now: 0) }
        let actions = bytes.withUnsafeBytes { second.received($0, senders: &senders, now: 0) }
        #expect(actions.first == .supersede(connection: 1))
        // The end of the old one is not that of the new one.
        senders.closed(identity, connection: 1, now: 0)
        #expect(senders.confirmed(identity, through: 1) == 2)
    }

    @Test func `the senders that were not seen for longest are forgotten`() {
        var senders = TransferSenders()
        for number in 0..<1_000 { senders.restore(.init(high: 0, low: UInt64(number)), received: 1, lastSeen: Int64(1_000 - number)) }
        let opening = senders.opened(
            .init(identity: .init(high: 9, low: 9), first: 1, next: 1, sent: 0, name: "", token: ""), connection: 1, now: 2_000)
        #expect(opening.forgotten == [] && senders.count == 1_001)
        senders.closed(.init(high: 9, low: 9), connection: 1, now: 2_000)
        let next = senders.opened(
            .init(identity: .init(high: 9, low: 8), first: 1, next: 1, sent: 0, name: "", token: ""), connection: 2, now: 2_001)
        #expect(next.forgotten == [.init(high: 0, low: 999)] && senders.count == 1_001)
    }

    @Test func `a machine that was set back is believed`() {
        var senders = TransferSenders()
        senders.restore(identity, received: 50, lastSeen: 0)
        let hello = TransferFrame.Hello(identity: identity, first: 20, next: 31, sent: 30, name: "", token: "")
        let opening = senders.opened(hello, connection: 1, now: 0)
        #expect(opening.received == 19 && opening.confirmed == 19)
    }

    @Test func `a goodbye before everything is delivered forgets nothing`() {
        var senders = TransferSenders()
        var receiver = TransferReceiver(connection: 1, token: "", payloadBytesMax: 1 << 20)
        let bytes = TransferGreeting.bytes + hello(identity) + data(1) + TransferFrame.bye.bytes
        let actions = bytes.withUnsafeBytes { receiver.received($0, senders: &senders, now: 0) }
        #expect(actions.last == .close(nil) && senders.count == 1)
    }

    @Test func `the input that ends says so`() {
        var senders = TransferSenders()
        var receiver = TransferReceiver(connection: 1, token: "", payloadBytesMax: 1 << 20)
        _ = (TransferGreeting.bytes + hello(identity)).withUnsafeBytes { receiver.received($0, senders: &senders, now: 0) }
        let error = TransferError(.ending, "the receiver ends")
        #expect(receiver.end(error) == [.send(TransferFrame.failed(error).bytes), .close(error)])
        #expect(receiver.end(error) == [])
    }

    @Test func `damaged streams end a connection and never the program`() {
        var chance = TransferExchange.Chance(7)
        let whole = TransferGreeting.bytes + hello(identity) + data(1) + data(2) + TransferFrame.ping.bytes + data(3)
        for _ in 0..<3_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &chance) {
                let at = Int.random(in: 0..<bytes.count, using: &chance)
                switch Int.random(in: 0..<3, using: &chance) {
                case 0: bytes[at] = .random(in: 0...255, using: &chance)
                case 1: bytes.remove(at: at)
                default: bytes.insert(.random(in: 0...255, using: &chance), at: at)
                }
            }
            _ = fault(bytes)
        }
    }
}
