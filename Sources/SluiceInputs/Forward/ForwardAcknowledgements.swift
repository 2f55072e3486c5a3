/// The acknowledgements that a connection owes its sender, in the order in which the chunks came. Pure.
///
/// Chunks are sent on in turns; what was sent in a turn is confirmed with all that was sent before it. So every acknowledgement up to
/// a turn can be given when that turn is confirmed, and none of them before those of earlier chunks.
struct ForwardAcknowledgements {
    /// `{"ack": …}` up to the name of the chunk.
    static let head: [UInt8] = [0x81, 0xA3, 0x61, 0x63, 0x6B]

    private struct Owed {
        let turn: UInt64
        let answer: [UInt8]
    }

    private var owed: [Owed] = []
    private var next = 0

    /// How many are owed.
    var count: Int { owed.count - next }

    /// A chunk was taken in this turn; `name` is the MessagePack value that its sender calls it by.
    mutating func add(_ name: UnsafeRawBufferPointer, turn: UInt64) {
        owed.append(Owed(turn: turn, answer: Self.head + name))
    }

    /// Everything up to a turn is delivered: what to send.
    mutating func confirmed(upTo turn: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        while next < owed.count, owed[next].turn <= turn {
            bytes += owed[next].answer
            next += 1
        }
        if next == owed.count || next > 1_024 {
            owed.removeFirst(next)
            next = 0
        }
        return bytes
    }
}
