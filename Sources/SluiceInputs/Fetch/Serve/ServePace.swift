/// What a host does next for one reader: send, say that it lives, wait, or close. Pure.
///
/// A heartbeat must arrive alone, or it is taken for a byte of the file. So it is sent only behind everything else, nothing follows it
/// for a moment, and what looks like one (a single 0x07 behind a long silence) is never sent: the reader is made to ask again, and
/// what comes at once behind an answer is no heartbeat.
struct ServePace {
    /// What the file looks like.
    struct Look: Equatable {
        /// Bytes behind the last one that was sent.
        var unsent = 0
        /// It is shorter than what was sent of it, or other bytes stand there.
        var isChanged = false
        /// Another file has its name, or will never come: there is a younger one.
        var hasSuccessor = false
        /// Nanoseconds until its writer had time enough to turn to the next one; 0 when it had.
        var unsettledNs: Int64 = 0
    }

    /// Why a connection is closed.
    enum Reason: String {
        case rotated = "was rotated and read to its end"
        case changed = "was truncated or written anew"
        case mistakable = "goes on with a byte that looks like a heartbeat"
    }

    enum Step: Equatable {
        case send
        case heartbeat
        case close(Reason)
        /// Nothing before this time, unless the file changes.
        case wait(until: Int64)
    }

    /// Longest moment in which nothing follows a heartbeat.
    private static let quietNsMax: Int64 = 250_000_000

    private let heartbeatNs: Int64
    private var lastByteNs: Int64
    private var quietUntilNs = Int64.min

    /// The answer was sent. Times are monotonic.
    init(heartbeatNs: Int64, now: Int64) {
        self.heartbeatNs = heartbeatNs
        lastByteNs = now
    }

    /// What comes next; everything that was sent before has left.
    func step(_ look: Look, now: Int64) -> Step {
        if look.isChanged { return .close(.changed) }
        if look.unsent > 0 { return now >= quietUntilNs ? .send : .wait(until: quietUntilNs) }
        if look.hasSuccessor, look.unsettledNs <= 0 { return .close(.rotated) }
        let heartbeat = lastByteNs + heartbeatNs
        if now >= heartbeat { return .heartbeat }
        return .wait(until: look.hasSuccessor ? min(heartbeat, now + look.unsettledNs) : heartbeat)
    }

    /// Whether the reader would take these bytes, sent alone, for a heartbeat. Half the interval is far from what readers wait for.
    func isMistakable(_ bytes: UnsafeRawBufferPointer, now: Int64) -> Bool {
        bytes.count == 1 && bytes[0] == FetchProtocol.heartbeatByte && now - lastByteNs >= heartbeatNs / 2
    }

    /// Bytes of the file are on their way.
    mutating func sent(now: Int64) { lastByteNs = now }

    /// A heartbeat is on its way.
    mutating func sentHeartbeat(now: Int64) {
        lastByteNs = now
        quietUntilNs = now + min(Self.quietNsMax, heartbeatNs / 8)
    }
}
