/// Go's panics and fatal errors with their goroutines.
///
///     panic: text                  opened
///     [signal SIGSEGV: …]          opened
///                                  opened
///     goroutine 1 [running]:       calls
///     main.f(0x1)                  place
///     	/app/main.go:8 +0x1b      calls
///                                  between
///     goroutine 7 [select]:        calls
enum GoTrace {
    case opened
    case calls
    case place
    case between

    /// The state behind a line that begins a trace.
    static func start(_ line: LineText) -> GoTrace? {
        if line.hasPrefix("fatal error: ") { return .opened }
        if isGoroutine(line) { return .calls }
        guard let index = line.index(of: "panic") else { return nil }
        if line.dropping(index).hasPrefix("panic serving ") { return .opened }
        // Behind a prefix such as a date it is a word of its own.
        guard line.dropping(index).hasPrefix("panic: ") else { return nil }
        return index == 0 || (line[index - 1] == 0x20 && !line.prefix(index).hasSuffix("kernel ")) ? .opened : nil
    }

    /// `goroutine 12 [chan receive]:`
    private static func isGoroutine(_ line: LineText) -> Bool {
        line.hasPrefix("goroutine ") && line.isDigit(at: 10) && line.contains(" [")
    }

    /// What the next line is to a trace in this state.
    mutating func accept(_ line: LineText) -> LineRole {
        let text = line.trimmed
        if Self.isGoroutine(line) {
            self = .calls
            return .continues
        }
        switch self {
        case .opened:
            if line.hasPrefix("[signal ") || (line.isIndented && text.hasPrefix("panic: ")) { return .continues }
            return Self.start(line) != nil || line.looksLikeRecord ? .starts : .perhaps
        case .calls:
            if text.count == 0 {
                self = .between
                return .perhaps
            }
            if text.hasPrefix("...") && text.contains("frames elided") { return .continues }
            if text.hasPrefix("goroutine running on other thread") { return .continues }
            guard !line.isIndented, line.hasPrefix("created by ") || (text.hasSuffix(")") && text.contains("(")) else {
                return .starts
            }
            self = .place
            return .perhaps
        case .place:
            guard line.isIndented, text.count > 0 else { return .starts }
            self = .calls
            return .continues
        case .between:
            return text.count == 0 ? .perhaps : .starts
        }
    }
}
