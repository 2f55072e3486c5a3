import Glibc
import Logging
import SluiceComponent

/// Lines for the log, so many a second at most. Pure: times come in.
struct LineRate {
    private let linesMax: Int
    private var secondNs: Int64
    private var shown = 0
    /// Lines that were not shown in the second at hand.
    private var hidden = 0

    init(linesMax: Int, now: Int64) {
        self.linesMax = linesMax
        secondNs = now
    }

    /// Whether a line is shown, and how many were not since the last one that was.
    mutating func take(now: Int64) -> (isShown: Bool, hidden: Int) {
        if now - secondNs >= 1_000_000_000 {
            secondNs = now
            shown = 0
        }
        guard shown < linesMax else {
            hidden += 1
            return (false, 0)
        }
        shown += 1
        defer { hidden = 0 }
        return (true, hidden)
    }
}

/// Brings what a program writes to its standard error to the log, on a thread of its own, up to its end or the stop.
struct ErrorLines {
    private static let linesPerSecondMax = 10
    private static let lineBytesMax = 1_024
    private static let readBytes = 4_096

    let descriptor: Int32
    let stop: StopFlag
    let log: Logger
    /// The input's name and the program, for the log.
    let input: String
    let program: String
    /// Sees every line, also those that are not shown.
    var see: (@Sendable (String) -> Void)?

    /// Reads to the end.
    func run() {
        var rate = LineRate(linesMax: Self.linesPerSecondMax, now: MonotonicClock.now)
        var line: [UInt8] = []
        var room = [UInt8](repeating: 0, count: Self.readBytes)
        var lateReads = 0
        while let count = waitAndRead(&room, &lateReads), count > 0 {
            for byte in room[..<count] {
                if byte == 0x0A {
                    tell(line, &rate)
                    line.removeAll(keepingCapacity: true)
                } else if line.count < Self.lineBytesMax {
                    line.append(byte)
                }
            }
        }
        if !line.isEmpty { tell(line, &rate) }
    }

    private func tell(_ line: [UInt8], _ rate: inout LineRate) {
        guard !line.isEmpty else { return }
        let text = String(decoding: line, as: UTF8.self)
        see?(text)
        let (isShown, hidden) = rate.take(now: MonotonicClock.now)
        if hidden > 0 { log.warning("input `\(input)`: \(hidden) more lines of `\(program)`'s standard error are not shown") }
        if isShown { log.warning("input `\(input)`: `\(program)` says: \(text)") }
    }

    /// Reads after the stop: what was written before it is still told of, unless there is no end to it.
    private static let lateReadsMax = 16

    /// Bytes read; 0 at the end, nil at the stop.
    private func waitAndRead(_ room: inout [UInt8], _ lateReads: inout Int) -> Int? {
        while lateReads < Self.lateReadsMax {
            var entries = (
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
            )
            _ = withUnsafeMutableBytes(of: &entries) {
                poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, -1)
            }
            if stop.isSet { lateReads += 1 }
            guard entries.0.revents != 0 else {
                if stop.isSet { return nil }
                continue
            }
            let count = read(descriptor, &room, room.count)
            if count >= 0 { return count }
            if errno != EINTR, errno != EAGAIN { return 0 }
        }
        return nil
    }
}
