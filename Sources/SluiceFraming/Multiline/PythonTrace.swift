/// Python's tracebacks, chained ones and exception groups included.
///
///     Traceback (most recent call last):     frames
///       File "x.py", line 1, in f            code
///         g()                                frames
///     a.b.Error: text                        named
///
///     During handling of the above exception, another exception occurred:     chained
///
///     Traceback (most recent call last):     frames
enum PythonTrace {
    case frames
    /// Behind a `File` line: the next one is source text.
    case code
    /// The exception was named; only a chain can follow.
    case named
    /// Behind the sentence that announces another traceback.
    case chained

    /// The state behind a line that begins a traceback.
    static func start(_ line: LineText) -> PythonTrace? {
        line.trimmed.hasSuffix("Traceback (most recent call last):") ? .frames : nil
    }

    /// What the next line is to a traceback in this state.
    mutating func accept(_ line: LineText) -> LineRole {
        let text = line.trimmed
        switch self {
        case .frames, .code:
            if text.count == 0 { return .starts }
            if text.hasPrefix("File \"") {
                self = .code
                return .continues
            }
            if line.isIndented {
                self = .frames
                return .continues
            }
            if line.namesException {
                self = .named
                return .continues
            }
            guard self == .code else { return .starts }
            self = .frames
            return .continues
        case .named:
            if text.count == 0 { return .perhaps }
            if isLink(text) {
                self = .chained
                return .perhaps
            }
            return line.looksLikeRecord || PythonTrace.start(line) != nil ? .starts : .perhaps
        case .chained:
            if text.count == 0 { return .perhaps }
            guard PythonTrace.start(line) != nil else { return .starts }
            self = .frames
            return .continues
        }
    }

    private func isLink(_ text: LineText) -> Bool {
        text.hasPrefix("During handling of the above exception, another exception occurred:")
            || text.hasPrefix("The above exception was the direct cause of the following exception:")
    }
}
