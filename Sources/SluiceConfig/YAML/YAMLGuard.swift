/// What must not reach the YAML library: keys with references in them, whose comparison takes exponential time.
///
/// References in values cost nothing until they are followed, and ``YAMLConversion`` counts what it follows. A key that is a list, a
/// mapping or behind `?` means nothing in a configuration anyway, so in a file with references there may be none.
struct YAMLGuard {
    /// References that a file may have.
    static let referencesMax = 1_000

    /// An open bracket.
    private struct Bracket {
        let place: ConfigPlace
        let isMapping: Bool
        /// What comes next is a key, with or without a value behind it.
        var expectsKey: Bool
    }

    /// A fault of a text.
    typealias Fault = (code: ConfigError.Code, message: String, place: ConfigPlace)

    private var references = 0
    private var brackets: [Bracket] = []
    /// What a `:` that follows at once would make a key: a reference, or a list or mapping.
    private var last: (fault: String, place: ConfigPlace)?
    private var badKey: (fault: String, place: ConfigPlace)?

    /// The first fault of a text.
    static func fault(in source: ConfigSource) -> Fault? {
        var guarded = YAMLGuard()
        var scanner = YAMLScanner(source.lines)
        while let token = scanner.next() {
            let place = ConfigPlace(source, line: scanner.start.line + 1, column: scanner.start.column + 1)
            guarded.see(token, at: place)
            if guarded.references > referencesMax {
                return (.tooLarge, "more than \(referencesMax) references (`*name`) in one file; write the values out", place)
            }
        }
        guard guarded.references > 0, let badKey = guarded.badKey else { return nil }
        return (.malformed, badKey.fault, badKey.place)
    }

    private static let referenceFault = "a reference (`*name`) cannot be a key; write the key out"
    private static let complexFault = "a key that is not a plain text, in a file with references (`*name`); write the key out"

    private mutating func see(_ token: YAMLScanner.Token, at place: ConfigPlace) {
        let isKeyPlace = brackets.last?.expectsKey == true
        switch token {
        case .reference:
            references += 1
            last = (Self.referenceFault, place)
            if isKeyPlace { refuseKey(Self.referenceFault, place) }
        case .begin(let isMapping):
            if isKeyPlace { refuseKey(Self.complexFault, place) }
            brackets.append(Bracket(place: place, isMapping: isMapping, expectsKey: isMapping))
            last = nil
        case .end:
            last = (Self.complexFault, brackets.popLast()?.place ?? place)
        case .comma:
            expectKey(true)
            last = nil
        case .keySign:
            refuseKey(Self.complexFault, place)
            last = nil
        case .colon:
            if let last { refuseKey(last.fault, last.place) }
            expectKey(false)
            last = nil
        case .text, .other: last = nil
        }
    }

    private mutating func expectKey(_ isExpected: Bool) {
        guard let bracket = brackets.indices.last, brackets[bracket].isMapping else { return }
        brackets[bracket].expectsKey = isExpected
    }

    private mutating func refuseKey(_ fault: String, _ place: ConfigPlace) {
        if badKey == nil { badKey = (fault, place) }
    }
}
