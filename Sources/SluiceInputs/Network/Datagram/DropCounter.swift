/// Turns the kernel's counter of a socket's drops into how many are new. Pure.
///
/// The counter has 32 bits and starts over behind them. It is read from datagrams, as it was when each was queued, and from the socket, as
/// it is now: what a datagram says may be older than what the socket has said before.
struct DropCounter {
    private var last: UInt32

    /// A counter for a socket that has had so many drops before.
    init(from count: UInt32 = 0) { last = count }

    /// The counter is read; answers how many have come since the highest reading.
    mutating func read(_ count: UInt32) -> Int {
        let more = count &- last
        guard more <= UInt32.max / 2 else { return 0 }
        last = count
        return Int(more)
    }
}
