import Glibc
import Logging
import SluiceComponent

/// Brings what a program writes to the log, line by line and not more than a few a second.
struct LogLines: Sendable {
    /// Bytes of a line that are shown.
    private static let lineBytesMax = 1_024
    /// Lines shown in each second; the others are counted.
    private static let linesPerSecondMax = 10

    private let log: Logger
    private let prefix: String

    init(_ log: Logger, prefix: String) {
        self.log = log
        self.prefix = prefix
    }

    /// Reads both descriptors to their ends, or to what is there when the program has ended, and closes them: the body of a thread.
    func read(output: Int32, error: Int32, ended: StopFlag) {
        var streams = [Stream(descriptor: output, level: .info), Stream(descriptor: error, level: .warning)]
        var budget = Budget()
        while streams.contains(where: \.isOpen) {
            var entries = streams.map { pollfd(fd: $0.isOpen ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0) }
            entries.append(pollfd(fd: ended.descriptor, events: Int16(POLLIN), revents: 0))
            poll(&entries, nfds_t(entries.count), -1)
            for index in streams.indices where entries[index].revents != 0 {
                for line in streams[index].read() { tell(line, streams[index].level, &budget) }
            }
            // What the program started may keep the pipes open for ever.
            if entries[streams.count].revents != 0, entries.dropLast().allSatisfy({ $0.revents == 0 }) { break }
        }
        for stream in streams {
            if let line = stream.rest { tell(line, stream.level, &budget) }
            close(stream.descriptor)
        }
        if let hidden = budget.hidden { log.warning("\(prefix): \(hidden) more lines") }
    }

    private func tell(_ line: String, _ level: Logger.Level, _ budget: inout Budget) {
        guard budget.take(MonotonicClock.now) else { return }
        if let hidden = budget.hidden { log.warning("\(prefix): \(hidden) more lines") }
        budget.hidden = nil
        log.log(level: level, "\(prefix): \(line)")
    }

    /// How many lines may still be shown.
    private struct Budget {
        private var second: Int64 = -1
        private var shown = 0
        var hidden: Int?

        mutating func take(_ now: Int64) -> Bool {
            if now / 1_000_000_000 != second {
                second = now / 1_000_000_000
                shown = 0
            }
            shown += 1
            if shown > LogLines.linesPerSecondMax { hidden = (hidden ?? 0) + 1 }
            return shown <= LogLines.linesPerSecondMax
        }
    }

    /// One of the two pipes and the line that has no end yet.
    private struct Stream {
        let descriptor: Int32
        let level: Logger.Level
        private(set) var isOpen = true
        private var line: [UInt8] = []

        init(descriptor: Int32, level: Logger.Level) {
            self.descriptor = descriptor
            self.level = level
        }

        var rest: String? { line.isEmpty ? nil : text }

        /// Control characters could fake other lines or move the cursor of a terminal.
        private var text: String { String(decoding: line.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self) }

        mutating func read() -> [String] {
            var room = [UInt8](repeating: 0, count: 4_096)
            let count = Glibc.read(descriptor, &room, room.count)
            if count <= 0 {
                isOpen = count < 0 && (errno == EINTR || errno == EAGAIN)
                return []
            }
            var lines: [String] = []
            for byte in room[..<count] {
                if byte == 0x0A {
                    lines.append(text)
                    line = []
                } else if line.count < LogLines.lineBytesMax {
                    line.append(byte)
                }
            }
            return lines
        }
    }
}
