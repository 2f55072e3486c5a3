import Testing

@testable import SluiceInputs

@Suite struct FetchProtocolTests {
    typealias Action = FetchProtocol.Action
    typealias Kind = FetchProtocol.Beginning.Kind
    private static let second: Int64 = 1_000_000_000
    private static let minute = 60 * second

    /// A connection that is told bytes at times.
    private struct Talk {
        var machine: FetchProtocol
        var now: Int64 = 0
        /// Data of all actions, joined.
        var data = ""
        var actions: [Action] = []

        init(_ place: FetchPlace? = nil, tail: Fingerprint = .none, heartbeat: Int64 = minute) {
            machine = FetchProtocol(file: "log", place: place, tail: tail, heartbeatNs: heartbeat, now: 0)
        }

        mutating func hear(_ text: String, after ns: Int64 = 0) { hear(Array(text.utf8), after: ns) }

        /// Reads as a driver does: each second of silence is a read that returns without bytes.
        mutating func hear(_ bytes: [UInt8], after ns: Int64) {
            pass(ns)
            #expect(machine.readBegins(now: now) == nil)
            take(bytes)
        }

        mutating func pass(_ ns: Int64) {
            var rest = ns
            while rest > 0 {
                let step = min(rest, second)
                now += step
                rest -= step
                machine.readIdled(now: now)
            }
        }

        mutating func take(_ bytes: [UInt8]) {
            let new = bytes.withUnsafeBytes { machine.received($0, now: now) }
            for case .data(let range) in new { data += String(decoding: bytes[range], as: UTF8.self) }
            actions += new
        }
    }

    private func begin(_ kind: Kind, _ inode: UInt64, _ offset: Int = 0, size: Int? = nil) -> Action {
        .begin(FetchProtocol.Beginning(kind: kind, place: FetchPlace(inode: inode, offset: offset), size: size))
    }

    // MARK: - Asking

    @Test func `what is asked for is the place, and with a tail the bytes before it`() {
        let place = FetchPlace(inode: 5, offset: 100)
        #expect(Talk().machine.request.text(token: nil) == "log\n")
        #expect(Talk(place).machine.request.text(token: nil) == "log 5 100\n")
        let tail = Fingerprint(Array(repeating: 0x61, count: 64))
        #expect(Talk(place, tail: tail).machine.request.text(token: nil) == "log 5 36\n")
        // A tail that cannot lie before the place is none.
        #expect(Talk(FetchPlace(inode: 5, offset: 63), tail: tail).machine.request.text(token: nil) == "log 5 63\n")
    }

    // MARK: - Answers

    static let answers: [(String, FetchPlace?, Kind, FetchPlace)] = [
        ("O 5\n", nil, .asAsked, FetchPlace(inode: 5, offset: 0)),
        ("L 5\n", nil, .asAsked, FetchPlace(inode: 5, offset: 0)),
        ("O 5\n", FetchPlace(inode: 5, offset: 9), .asAsked, FetchPlace(inode: 5, offset: 9)),
        ("O 6\n", FetchPlace(inode: 5, offset: 9), .next, FetchPlace(inode: 6, offset: 0)),
        ("L 6\n", FetchPlace(inode: 5, offset: 9), .lost, FetchPlace(inode: 6, offset: 0)),
        ("L 5\n", FetchPlace(inode: 5, offset: 9), .truncated, FetchPlace(inode: 5, offset: 0)),
    ]

    @Test(arguments: answers) func `an answer says what follows, split anywhere`(
        _ answer: String, _ asked: FetchPlace?, _ kind: Kind, _ place: FetchPlace
    ) {
        let whole = Array((answer + "one\ntwo\n").utf8)
        for first in 0...whole.count {
            for second in first...whole.count {
                var talk = Talk(asked)
                for part in [whole[..<first], whole[first..<second], whole[second...]] where !part.isEmpty { talk.take(Array(part)) }
                #expect(talk.actions.first == begin(kind, place.inode, place.offset))
                #expect(talk.data == "one\ntwo\n")
                #expect(talk.actions.count { if case .begin = $0 { true } else { false } } == 1)
                #expect(talk.machine.hasProgress)
            }
        }
    }

    @Test func `an answer alone brings no progress unless it names another file`() {
        var same = Talk(FetchPlace(inode: 5, offset: 9))
        same.hear("O 5\n")
        #expect(!same.machine.hasProgress)
        var next = Talk(FetchPlace(inode: 5, offset: 9))
        next.hear("O 6\n")
        #expect(next.machine.hasProgress)
    }

    @Test func `a size is passed on`() {
        var talk = Talk(FetchPlace(inode: 5, offset: 9))
        talk.hear("O 5 4096\n")
        #expect(talk.actions == [begin(.asAsked, 5, 9, size: 4096)])
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.6\r\n", "O\n", "\n", "O 5x\n", "\u{7}\n"]) func `what is no answer ends the connection`(
        _ text: String
    ) {
        var talk = Talk()
        talk.hear(text + "more")
        guard case .end(.malformed)? = talk.actions.first else {
            Issue.record("\(talk.actions)")
            return
        }
        talk.hear("O 5\n")
        #expect(talk.actions.count == 1)
    }

    @Test func `an answer that does not end is not collected for ever`() {
        var talk = Talk()
        for _ in 0..<FetchAnswer.bytesMax { talk.take([0x4F]) }
        guard case .end(.malformed)? = talk.actions.last else {
            Issue.record("\(talk.actions)")
            return
        }
        #expect(talk.actions.count == 1)
    }

    @Test func `a refusal says why`() {
        var talk = Talk()
        talk.hear("E wrong token\n")
        #expect(talk.actions == [.end(.refused("wrong token"))])
    }

    // MARK: - Heartbeats

    @Test(
        arguments: [
            // A single 0x07 alone, 50 s or more behind the last byte.
            (50, "\u{7}", "", 1), (60, "\u{7}", "", 1), (119, "\u{7}", "", 1),
            // One that comes sooner is data,
            (49, "\u{7}", "\u{7}", 0), (0, "\u{7}", "\u{7}", 0),
            // and so is one that does not come alone,
            (60, "\u{7}x", "\u{7}x", 0), (60, "x\u{7}", "x\u{7}", 0), (60, "\u{7}\u{7}", "\u{7}\u{7}", 0), (60, "\u{7}\n", "\u{7}\n", 0),
            // and every other byte.
            (60, "\u{8}", "\u{8}", 0), (60, "x", "x", 0), (60, "\n", "\n", 0), (60, "\u{0}", "\u{0}", 0),
        ] as [(Int64, String, String, Int)]) func `the rule for heartbeats`(_ silence: Int64, _ text: String, _ data: String, _ beats: Int)
    {
        for before in ["", "some data"] {
            var talk = Talk()
            talk.hear("O 5\n" + before)
            talk.hear(text, after: silence * Self.second)
            #expect(talk.data == before + data)
            #expect(talk.actions.count { $0 == .heartbeat } == beats)
        }
    }

    @Test func `the silence before a heartbeat scales with the interval and is exact`() {
        let interval: Int64 = 600_000_000
        for (silence, isBeat) in [(500_000_000, true), (499_999_999, false)] as [(Int64, Bool)] {
            var machine = FetchProtocol(file: "log", place: nil, heartbeatNs: interval, now: 0)
            _ = Array("O 5\n".utf8).withUnsafeBytes { machine.received($0, now: 1_000) }
            let actions = [UInt8(7)].withUnsafeBytes { machine.received($0, now: 1_000 + silence) }
            #expect(actions == (isBeat ? [.heartbeat] : [.data(0..<1)]))
        }
    }

    @Test func `heartbeats follow each other, and silence is counted from the last one`() {
        var talk = Talk()
        talk.hear("O 5\nabc")
        for _ in 0..<5 { talk.hear("\u{7}", after: Self.minute) }
        talk.hear("\u{7}", after: 10 * Self.second)
        talk.hear("def", after: 1)
        #expect(talk.data == "abc\u{7}def")
        #expect(talk.actions.count { $0 == .heartbeat } == 5)
        #expect(talk.machine.hasProgress)
    }

    @Test func `a heartbeat in the middle of an answer is no answer`() {
        var talk = Talk()
        talk.hear("O 1")
        talk.hear("\u{7}", after: Self.minute)
        talk.hear("5\n")
        guard case .end(.malformed)? = talk.actions.last else {
            Issue.record("\(talk.actions)")
            return
        }
    }

    // MARK: - Time

    @Test func `two heartbeats without a byte end the connection`() {
        var talk = Talk()
        talk.hear("O 5\nx")
        talk.hear("\u{7}", after: Self.minute)
        #expect(talk.machine.deadline == talk.now + 2 * Self.minute)
        talk.pass(2 * Self.minute - 1)
        #expect(talk.machine.timePassed(now: talk.now) == nil)
        talk.now += 1
        #expect(talk.machine.timePassed(now: talk.now) == .silent)
        #expect(talk.machine.timePassed(now: talk.now + Self.minute) == nil)
    }

    @Test func `a host that does not answer is left after the same time`() {
        var machine = FetchProtocol(file: "log", place: nil, heartbeatNs: Self.minute, now: 7)
        #expect(machine.timePassed(now: 7 + 2 * Self.minute) == .silent)
    }

    @Test func `a connection that could not be read for half a heartbeat is given up unread`() {
        var talk = Talk()
        talk.hear("O 5\nabc")
        talk.now += Self.minute / 2
        #expect(talk.machine.readBegins(now: talk.now) == nil)
        talk.machine.readIdled(now: talk.now)
        talk.now += Self.minute / 2 + 1
        #expect(talk.machine.readBegins(now: talk.now) == .stale)
        talk.take(Array("def".utf8))
        #expect(talk.data == "abc")
        #expect(talk.machine.peerClosed() == .closed)
    }

    @Test func `waiting for an answer is never too long for that`() {
        var machine = FetchProtocol(file: "log", place: nil, heartbeatNs: Self.minute, now: 0)
        #expect(machine.readBegins(now: Self.minute) == nil)
    }

    // MARK: - Ends

    @Test func `a close before the answer is none behind it`() {
        var talk = Talk()
        talk.hear("O 5")
        #expect(talk.machine.peerClosed() == .unanswered)
        talk = Talk()
        talk.hear("O 5\n")
        #expect(talk.machine.peerClosed() == .closed)
    }

    // MARK: - Comparing

    private static let before = Array("0123456789".utf8)

    @Test func `the bytes before the place are compared and not data, split anywhere`() {
        let whole = Array("O 5\n0123456789new".utf8)
        for cut in 0...whole.count {
            var talk = Talk(FetchPlace(inode: 5, offset: 30), tail: Fingerprint(Self.before))
            for part in [whole[..<cut], whole[cut...]] where !part.isEmpty { talk.take(Array(part)) }
            #expect(talk.actions.first == begin(.asAsked, 5, 30))
            #expect(talk.data == "new" && talk.machine.isVerified)
        }
    }

    @Test func `other bytes before the place end the connection, and nothing behind them is data`() {
        var talk = Talk(FetchPlace(inode: 5, offset: 30), tail: Fingerprint(Self.before))
        talk.hear("O 5\n012345678Xnew")
        #expect(talk.actions == [begin(.asAsked, 5, 30), .end(.changed)])
        #expect(!talk.machine.isVerified)
    }

    @Test func `what was compared alone is no progress`() {
        var talk = Talk(FetchPlace(inode: 5, offset: 30), tail: Fingerprint(Self.before))
        talk.hear("O 5\n0123456789")
        #expect(talk.machine.isVerified && !talk.machine.hasProgress)
        #expect(talk.machine.peerClosed() == .closed)
    }

    @Test(arguments: ["O 6\n", "L 6\n", "L 5\n"]) func `nothing is compared when another place follows`(_ answer: String) {
        var talk = Talk(FetchPlace(inode: 5, offset: 30), tail: Fingerprint(Self.before))
        talk.hear(answer + "new")
        #expect(talk.data == "new" && !talk.machine.isVerified)
    }

    @Test func `heartbeats are known between the bytes that are compared`() {
        var talk = Talk(FetchPlace(inode: 5, offset: 30), tail: Fingerprint(Self.before))
        talk.hear("O 5\n01234")
        talk.hear("\u{7}", after: Self.minute)
        talk.hear("56789new")
        #expect(talk.data == "new" && talk.machine.isVerified)
    }
}
