/// Says of each line whether it belongs to the record before it: all parsers behind one state.
struct LineJoiner {
    private enum Trace {
        case none
        case java(JavaTrace)
        case python(PythonTrace)
        case go(GoTrace)
        case ruby(RubyTrace)
        case numbered(NumberedTrace)
    }

    private let languages: TraceLanguages
    private let matcher: (any LineMatcher)?
    private var trace = Trace.none

    init(_ parser: MultilineParser) {
        switch parser {
        case .traces(let languages): (self.languages, matcher) = (languages, nil)
        case .indent: (languages, matcher) = ([], nil)
        case .matcher(let matcher): (languages, self.matcher) = ([], matcher)
        }
    }

    /// Forgets the record before.
    mutating func restart() { trace = .none }

    /// The role of the next line.
    mutating func accept(_ line: LineText) -> LineRole {
        if !languages.isEmpty { return acceptTrace(line) }
        guard let matcher else { return line.isIndented ? .continues : .starts }
        let bytes = UnsafeRawBufferPointer(start: line.start, count: line.count)
        return matcher.matches(bytes) ? .starts : .continues
    }

    private mutating func acceptTrace(_ line: LineText) -> LineRole {
        var role = LineRole.starts
        switch trace {
        case .none:
            // A frame under a line that does not look like a header still belongs to it.
            if languages.contains(.java), JavaTrace.isFrame(line) {
                trace = .java(.frames)
                return .continues
            }
        case .java(var state):
            role = state.accept(line)
            trace = .java(state)
        case .python(var state):
            role = state.accept(line)
            trace = .python(state)
            // Ruby's reversed form begins with the same words.
            if languages.contains(.ruby), line.isIndented, line.contains(": from ") { trace = .ruby(.reversed) }
        case .go(var state):
            role = state.accept(line)
            trace = .go(state)
        case .ruby(var state):
            role = state.accept(line)
            trace = .ruby(state)
        case .numbered(var state):
            role = state.accept(line)
            trace = .numbered(state)
        }
        if case .starts = role { trace = start(line) }
        return role
    }

    private func start(_ line: LineText) -> Trace {
        if languages.contains(.python), let state = PythonTrace.start(line) { return .python(state) }
        if languages.contains(.go), let state = GoTrace.start(line) { return .go(state) }
        if languages.contains(.ruby), let state = RubyTrace.start(line) { return .ruby(state) }
        if let state = NumberedTrace.start(line, languages) { return .numbered(state) }
        if languages.contains(.java), let state = JavaTrace.start(line) { return .java(state) }
        return .none
    }
}
