/// Keeps the same message from filling the log: the first one is written, those that follow within ten seconds are counted, and
/// one line tells how many they were. Pure: time comes with each call.
struct RepeatFilter {
    /// How long repetitions of a message are counted before that is said.
    static let windowNanoseconds: Int64 = 10_000_000_000
    /// Distinct messages that are remembered; the oldest makes room.
    static let messagesMax = 32

    private struct Entry {
        let line: LogLine
        let key: String
        var repeats = 0
    }

    /// In the order of their time.
    private var entries: [Entry] = []

    /// Whether lines were held back that ``due(now:)`` has not told of.
    var isHolding: Bool { entries.contains { $0.repeats > 0 } }

    /// The lines to write for a new one.
    mutating func lines(for line: LogLine) -> [LogLine] {
        var lines = due(now: line.time)
        let key = line.key
        if let known = entries.firstIndex(where: { $0.key == key }) {
            entries[known].repeats += 1
            return lines
        }
        if entries.count == Self.messagesMax { summary(of: entries.removeFirst(), now: line.time).map { lines.append($0) } }
        entries.append(Entry(line: line, key: key))
        return lines + [line]
    }

    /// The summaries whose time has come.
    mutating func due(now: Int64) -> [LogLine] {
        // A clock that was set back would keep messages for as long as it was set.
        let over = entries.filter { now - $0.line.time >= Self.windowNanoseconds || now < $0.line.time }
        guard !over.isEmpty else { return [] }
        entries.removeAll { now - $0.line.time >= Self.windowNanoseconds || now < $0.line.time }
        return over.compactMap { summary(of: $0, now: now) }
    }

    /// All summaries, at the end.
    mutating func finish(now: Int64) -> [LogLine] {
        defer { entries = [] }
        return entries.compactMap { summary(of: $0, now: now) }
    }

    private func summary(of entry: Entry, now: Int64) -> LogLine? {
        guard entry.repeats > 0 else { return nil }
        let message = entry.line.message.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
        return LogLine(
            time: now, level: entry.line.level,
            message: "\(message) (repeated \(HumanText.count(entry.repeats)) \(entry.repeats == 1 ? "time" : "times") in "
                + "\(HumanText.duration(max(0, now - entry.line.time))))")
    }
}
