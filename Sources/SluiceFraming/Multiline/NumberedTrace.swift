/// Traces whose frames are numbered `#0`, `#1`: Dart and PHP.
enum NumberedTrace {
    case dartHeader
    case phpHeader
    case phpStack
    case frames

    /// The state behind a line that begins a trace.
    static func start(_ line: LineText, _ languages: TraceLanguages) -> NumberedTrace? {
        if languages.contains(.dart), line.trimmed.hasSuffix("Unhandled exception:") { return .dartHeader }
        if languages.contains(.php), let index = line.index(of: "PHP ") {
            let kind = line.dropping(index + 4)
            if kind.hasPrefix("Fatal error:") || kind.hasPrefix("Parse error:") || kind.hasPrefix("Warning:")
                || kind.hasPrefix("Notice:")
            {
                return .phpHeader
            }
        }
        return nil
    }

    /// What the next line is to a trace in this state.
    mutating func accept(_ line: LineText) -> LineRole {
        let text = line.trimmed
        let isFrame = line.hasPrefix("#") && line.isDigit(at: 1)
        switch self {
        case .dartHeader:
            guard isFrame else { return line.looksLikeRecord ? .starts : .perhaps }
            self = .frames
            return .continues
        case .phpHeader:
            // PHP repeats a log's time stamp before each line.
            guard text.hasSuffix("Stack trace:") else { return .starts }
            self = .phpStack
            return .continues
        case .phpStack:
            if isFrame || text.contains("PHP ") && text.contains(". ") { return .continues }
            return line.isIndented && text.hasPrefix("thrown in ") ? .continues : .starts
        case .frames:
            return isFrame || text.hasPrefix("<asynchronous suspension>") ? .continues : .starts
        }
    }
}
