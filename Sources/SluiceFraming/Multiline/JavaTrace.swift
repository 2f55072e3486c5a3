/// Stack traces whose frames begin with `at`: Java, Kotlin, Scala, C#, JavaScript.
///
///     java.lang.A: text      header    (a message of several lines is waited for)
///     	at b.c(D.java:1)    frames
///     	Suppressed: …       header
///     Caused by: …           header
///     	... 3 more          frames
enum JavaTrace {
    case header
    /// Behind `nested exception is:`: the next line is a header whatever it says.
    case nested
    case frames

    /// The state behind a line that begins a trace.
    static func start(_ line: LineText) -> JavaTrace? {
        if line.hasPrefix("Exception in thread ") || line.hasPrefix("V8 errors stack trace") { return .header }
        let text = line.trimmed
        if endsInException(text) { return .header }
        var n = text.index(ofByte: 0x3A, from: 0)
        while n < text.count {
            if endsInException(text.prefix(n)) { return .header }
            n = text.index(ofByte: 0x3A, from: n + 1)
        }
        return nil
    }

    private static func endsInException(_ text: LineText) -> Bool {
        text.hasSuffix("Exception") || text.hasSuffix("Error") || text.hasSuffix("Throwable")
    }

    /// Whether a line is a frame that nothing but a trace can hold, so that it belongs to whatever stands before it.
    static func isFrame(_ line: LineText) -> Bool {
        guard line.isIndented else { return false }
        let text = line.trimmed
        return text.hasPrefix("at ") && (text.hasSuffix(")") || text.contains(".java:")) && text.contains("(")
    }

    /// What the next line is to a trace in this state.
    mutating func accept(_ line: LineText) -> LineRole {
        let text = line.trimmed
        if text.count == 0 { return .perhaps }
        if self == .nested {
            self = .header
            return .continues
        }
        if line.isIndented, text.hasPrefix("at ") || text.hasPrefix("eval at ") {
            self = .frames
            return .continues
        }
        if text.hasPrefix("Caused by: ") || text.hasPrefix("Suppressed: ") || (line.isIndented && text.hasPrefix("---> ")) {
            self = .header
            return .continues
        }
        if line.isIndented, text.hasPrefix("nested exception is:") {
            self = .nested
            return .continues
        }
        if isElision(text) || isBoundary(text) || (line.isIndented && isAnnotation(text)) {
            self = .frames
            return .continues
        }
        guard self == .header, !line.looksLikeRecord, JavaTrace.start(line) == nil else { return .starts }
        return .perhaps
    }

    /// `... 12 more`, `... 5 common frames omitted`.
    private func isElision(_ text: LineText) -> Bool { text.hasPrefix("... ") && text.isDigit(at: 4) }

    private func isBoundary(_ text: LineText) -> Bool {
        text.hasPrefix("--- End of inner exception stack trace")
            || text.hasPrefix("--- End of stack trace from previous location")
    }

    /// Marks inside traces and thread dumps.
    private func isAnnotation(_ text: LineText) -> Bool {
        text.hasPrefix("[CIRCULAR REFERENCE") || text.hasPrefix("- locked ") || text.hasPrefix("- waiting ")
            || text.hasPrefix("- parking ")
    }
}
