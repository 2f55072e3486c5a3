/// Something that went wrong, as it was said in the log.
package struct ErrorStatus: Sendable, Equatable {
    /// When it was said last, nanoseconds since 1970 UTC.
    package var time: Int64
    /// Who says it: an input, an output, a rule; empty for the service itself.
    package let source: String
    /// A sentence, lower-case and without full stop.
    package let message: String
    /// How often in a row.
    package var count = 1

    /// An error.
    package init(time: Int64, source: String, message: String, count: Int = 1) {
        self.time = time
        self.source = source
        self.message = message
        self.count = count
    }
}

/// The last errors of the service, each distinct one once in a row, the newest last.
package struct ErrorHistory: Sendable, Equatable {
    /// Entries that are kept.
    package static let entriesMax = 16

    package private(set) var entries: [ErrorStatus] = []

    /// No error yet.
    package init() {}

    /// Adds an error; the same one again only counts.
    package mutating func add(_ error: ErrorStatus) {
        if let last = entries.lastIndex(where: { $0.source == error.source && $0.message == error.message }) {
            var again = entries.remove(at: last)
            again.time = error.time
            again.count += error.count
            entries.append(again)
            return
        }
        if entries.count == Self.entriesMax { entries.removeFirst() }
        entries.append(error)
    }
}
