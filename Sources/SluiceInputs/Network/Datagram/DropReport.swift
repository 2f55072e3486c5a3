import CSluice
import Logging
import SluiceComponent

/// Counts what the kernel drops of one socket, and tells it: the first time at once, then once a minute.
struct DropReport {
    /// Nanoseconds between two lines of the log.
    static let quietNs: Int64 = 60_000_000_000

    private let socket: DatagramSocket
    private let log: Logger
    private var counter: DropCounter
    private var untold = 0
    private var toldAt: Int64?

    /// A report that begins with what the socket says now. Of a passed socket something may have been lost before.
    init(_ socket: DatagramSocket, log: Logger) {
        self.socket = socket
        self.log = log
        let before = Self.drops(of: socket)
        counter = DropCounter(from: before)
        if before > 0 { log.error("\(socket.name) had lost \(before) datagrams before this process took it over") }
    }

    /// A datagram says how many were dropped before it came.
    mutating func read(_ count: UInt32, _ session: any InputSession) { add(counter.read(count), session) }

    /// Asks the socket, which knows also of those behind the last datagram.
    mutating func readSocket(_ session: any InputSession) {
        let count = Self.drops(of: socket)
        if count > 0 { add(counter.read(count), session) }
        if let toldAt, MonotonicClock.now - toldAt >= Self.quietNs { tell() }
    }

    /// The input ends; so many datagrams were left in the socket.
    mutating func finish(left: Int) {
        tell()
        if left > 0 { log.error("\(left) datagrams of \(socket.name) were lost: they came while the input ended") }
    }

    private mutating func add(_ more: Int, _ session: any InputSession) {
        guard more > 0 else { return }
        session.count(.datagramsLost, more)
        untold += more
        let now = MonotonicClock.now
        if let toldAt, now - toldAt < Self.quietNs { return }
        toldAt = now
        tell()
    }

    private mutating func tell() {
        guard untold > 0 else { return }
        log.error(
            "the kernel dropped \(untold) datagrams of \(socket.name), because its receive buffer was full: they come faster than rules and outputs take them; a larger `receive_buffer` helps with bursts"
        )
        untold = 0
    }

    private static func drops(of socket: DatagramSocket) -> UInt32 {
        var count: UInt32 = 0
        return !socket.isUnix && sl_socket_drops(socket.descriptor, &count) ? count : 0
    }
}
