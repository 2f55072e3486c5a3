/// An event that a rule or an output could not handle, kept whole with the reason.
package struct DeadLetter: Sendable, Equatable {
    /// Grows, is never used again; 0 before the letter was stored.
    package var id: Int64 = 0
    /// When it failed, nanoseconds since 1970 UTC.
    package let time: Int64
    /// The rule that failed; nil when an output did, or a decoder.
    package let rule: String?
    package let line: Int?
    /// The output that gave up.
    package let output: String?
    /// The input that the event came from.
    package let input: String
    package let generation: Int
    package let error: String
    /// Lines without their ends.
    package let traceback: [String]
    /// Outputs that the event was sent to with `also`.
    package let also: [String]
    /// The event as JSON text, for people.
    package let event: [UInt8]
    /// The bytes that came in, not redacted; nil when there were none (an emitted event).
    package let raw: [UInt8]?
    /// The event with all its types and bytes (`sl_event_pack`), for re-drive.
    package let packed: [UInt8]

    /// A letter.
    package init(
        time: Int64, rule: String? = nil, line: Int? = nil, output: String? = nil, input: String, generation: Int, error: String,
        traceback: [String] = [], also: [String] = [], event: [UInt8], raw: [UInt8]?, packed: [UInt8]
    ) {
        self.time = time
        self.rule = rule
        self.line = line
        self.output = output
        self.input = input
        self.generation = generation
        self.error = error
        self.traceback = traceback
        self.also = also
        self.event = event
        self.raw = raw
        self.packed = packed
    }

    /// Bytes that the letter counts for in `dead_letters.max_size`: its texts and 128 for its row.
    package var size: Int {
        let lists = (traceback + also).reduce(0) { $0 + $1.utf8.count + 1 }
        let names = (rule?.utf8.count ?? 0) + (output?.utf8.count ?? 0) + input.utf8.count
        return 128 + names + lists + error.utf8.count + event.count + (raw?.count ?? 0) + packed.count
    }
}

/// How much room dead letters have, and what happens when it is full.
package struct DeadLetterLimit: Sendable, Equatable {
    /// `dead_letters.when_full`.
    package enum WhenFull: String, Sendable, CaseIterable {
        /// Nothing goes on until there is room: nothing is lost.
        case block
        /// The oldest letters go, counted.
        case dropOldest = "drop_oldest"
    }

    /// `dead_letters.max_size`: sum of ``DeadLetter/size``.
    package var bytesMax = 1 << 30
    package var whenFull = WhenFull.block

    /// A limit.
    package init(bytesMax: Int = 1 << 30, whenFull: WhenFull = .block) {
        self.bytesMax = bytesMax
        self.whenFull = whenFull
    }
}

/// How many dead letters there are.
package struct DeadLetterTotals: Sendable, Equatable {
    package var count = 0
    /// Sum of ``DeadLetter/size``.
    package var bytes = 0

    /// Totals.
    package init(count: Int = 0, bytes: Int = 0) {
        self.count = count
        self.bytes = bytes
    }
}

/// Which dead letters to list.
package struct DeadLetterQuery: Sendable, Equatable {
    /// One page never holds more than this many letters…
    package static let lettersMax = 1_000
    /// …nor, behind the first letter, more than this many bytes of them.
    package static let bytesMax = 16 << 20

    /// Only letters with a larger id.
    package var after: Int64?
    /// Only letters with a smaller id.
    package var before: Int64?
    /// Only letters of this rule.
    package var rule: String?
    /// Only letters of this output.
    package var output: String?
    /// Only letters of this moment (nanoseconds since 1970 UTC) and later.
    package var since: Int64?
    /// Only letters before this moment.
    package var until: Int64?
    /// Whether the page starts with the newest letter.
    package var newestFirst = false
    /// Letters in a page.
    package var limit = lettersMax

    /// All letters, oldest first.
    package init() {}
}
