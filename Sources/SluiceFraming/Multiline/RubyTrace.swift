/// Ruby's backtraces: `file:line:in` and lines `from` below it, with what error highlighting and suggestions put between, and
/// Rails' form whose frames are indented without `from`.
enum RubyTrace {
    case header
    case frames
    case rails
    /// Ruby 2.5 to 2.7 on a terminal: `Traceback (most recent call last):`, frames from outside in, then the error.
    case reversed

    /// The state behind a line that begins a backtrace.
    static func start(_ line: LineText) -> RubyTrace? {
        if hasPlace(line) { return .header }
        let text = line.trimmed
        if text.hasSuffix("):") && text.contains("Error (") { return .rails }
        return text.hasSuffix("Traceback (most recent call last):") ? .reversed : nil
    }

    /// `x.rb:10:in `: digits between two colons, then `in`.
    private static func hasPlace(_ line: LineText) -> Bool {
        guard let index = line.index(of: ":in "), index > 0, line.isDigit(at: index - 1) else { return false }
        var n = index - 1
        while line.isDigit(at: n) { n -= 1 }
        return n > 0 && line[n] == 0x3A
    }

    /// What the next line is to a backtrace in this state.
    mutating func accept(_ line: LineText) -> LineRole {
        let text = line.trimmed
        switch self {
        case .header, .frames:
            if line.isIndented, text.hasPrefix("from ") || (text.hasPrefix("... ") && text.hasSuffix("levels...")) {
                self = .frames
                return .continues
            }
            if self == .frames || line.looksLikeRecord || Self.hasPlace(line) { return .starts }
            return .perhaps
        case .rails:
            if text.count == 0 { return .perhaps }
            return line.contains(".rb:") && Self.hasPlace(line) ? .continues : .starts
        case .reversed:
            if line.isIndented, text.contains(": from ") { return .continues }
            guard Self.hasPlace(line) else { return .starts }
            self = .header
            return .continues
        }
    }
}
