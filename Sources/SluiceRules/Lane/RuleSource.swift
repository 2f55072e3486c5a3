package import SluiceLua

/// One rule as it was read, before it is loaded.
package struct RuleSource: Sendable {
    /// How the rule's function is called.
    package enum API: Sendable, Equatable {
        /// `process(event, meta)`.
        case sluice
        /// `FUNCTION(tag, timestamp, record)` of a Fluent Bit script, with the variables of `FLB_ENV`.
        case fluentBit(function: String, timeAsTable: Bool, environment: [(name: String, value: String)])
        /// A file of tests: its prelude defines the function.
        case test

        package static func == (left: API, right: API) -> Bool {
            switch (left, right) {
            case (.sluice, .sluice), (.test, .test): true
            case (.fluentBit(let f, let t, _), .fluentBit(let g, let u, _)): f == g && t == u
            default: false
            }
        }

        /// Name of the function that the rule has to define.
        package var function: String {
            switch self {
            case .sluice: "process"
            case .fluentBit(let function, _, _): function
            case .test: RuleTestPrelude.function
            }
        }
    }

    /// Name shown in errors, counters and the ledger; unique in a rule set.
    package let name: String
    /// Folder that `require` and `lookup` read below.
    package let folder: String
    /// Where the source lies, with tests beside it; nil when it is no file.
    package let path: String?
    /// The source text.
    package let text: [UInt8]
    /// Whether the text came from a file: then Lua shows `name:line`.
    package let isFile: Bool
    /// The part of `text` that the user wrote; the rest is what makes a function of a body.
    package let written: Range<Int>
    package let api: API
    package let onError: ErrorPolicy
    /// Names of the inputs whose events the rule sees; nil for all. Events that it or a rule before it emits are of their
    /// source's input, those that timers emit are of none and seen by every rule.
    package let inputs: [String]?

    /// A rule.
    package init(
        name: String, folder: String, text: [UInt8], written: Range<Int>? = nil, isFile: Bool = true, api: API = .sluice,
        onError: ErrorPolicy = .deadLetter, inputs: [String]? = nil, path: String? = nil
    ) {
        self.name = name
        let fileName = name.split(separator: "/").last.map(String.init) ?? name
        self.path = isFile ? path ?? (folder.isEmpty || folder == "." ? fileName : folder + "/" + fileName) : nil
        self.folder = folder
        self.text = text
        self.written = written ?? 0..<text.count
        self.isFile = isFile
        self.api = api
        self.onError = onError
        self.inputs = inputs
    }

    /// The body of `process(event, meta)` as `-e` takes it; line 1 stays line 1.
    package static func body(_ code: String, name: String, folder: String, onError: ErrorPolicy = .deadLetter) -> RuleSource {
        let prologue = Array("function process(event, meta) ".utf8)
        let body = Array(code.utf8)
        return RuleSource(
            name: name, folder: folder, text: prologue + body + Array("\nend".utf8),
            written: prologue.count..<prologue.count + body.count, isFile: false, onError: onError)
    }

    /// Whether the text defines the function that is called: a rule and no module.
    package var definesFunction: Bool { RuleInspection(source: text, function: api.function).definesFunction }

    /// The same for events of every input.
    var forEveryInput: RuleSource {
        RuleSource(name: name, folder: folder, text: text, written: written, isFile: isFile, api: api, onError: onError, path: path)
    }

    /// The line that a message is about, as the user wrote it; a line behind the end becomes the end.
    package func excerpt(line: Int, message: String, column: Int? = nil) -> SourceExcerpt? {
        let source = Array(text[written])
        let lines = source.count { $0 == 0x0A } + 1
        guard line <= lines else {
            let lastLine = source.split(separator: 0x0A, omittingEmptySubsequences: false).last ?? []
            return SourceExcerpt(source: source, line: lines, message: message, column: lastLine.count + 1)
        }
        let shift = line == 1 ? written.lowerBound : 0
        return SourceExcerpt(source: source, line: line, message: message, column: column.map { max(1, $0 - shift) })
    }
}

/// What becomes of an event when a rule raises.
package enum ErrorPolicy: Sendable, Equatable {
    /// Kept whole with the reason.
    case deadLetter
    /// On to the next rule, as it was before this one.
    case pass
    case drop
    /// To this output.
    case output(String)

    /// Reads `dead_letter`, `pass`, `drop` or an output's name.
    package init(_ text: String) {
        switch text {
        case "dead_letter": self = .deadLetter
        case "pass": self = .pass
        case "drop": self = .drop
        default: self = .output(text)
        }
    }
}

/// Bounds of a lane.
package struct RuleLimits: Sendable, Equatable {
    /// Bytes of the Lua state (`memory_limit`).
    package var memoryBytes = 64 << 20
    /// CPU time of one event over all rules (`time_limit`); ten times that for loading a rule.
    package var eventNanoseconds: Int64 = 100_000_000
    /// CPU time of loading one rule, when it is not ten times that of an event.
    package var loadNanoseconds: Int64?
    /// Events that one call may emit.
    package var emitsMax: UInt32 = 1_000
    /// Bytes of one field that a rule writes.
    package var valueBytesMax: UInt32 = 16 << 20
    /// Bytes of one rule's `state` (`state_limit`).
    package var stateBytesMax = 16 << 20

    /// The defaults.
    package init() {}
}
