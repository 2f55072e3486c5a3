#if Regex
    import SluiceConfig
    import SluiceFraming
    import SluiceRegex

    /// The pattern of `multiline: "regex:PATTERN"`: the lines that begin a record.
    struct LinePattern: LineMatcher {
        private let matcher: PatternMatcher

        init(_ text: String) throws(ConfigError) {
            do throws(PatternError) {
                matcher = PatternMatcher(try Pattern(text))
            } catch {
                throw ConfigError(.invalidValue, error.message)
            }
        }

        func matches(_ line: UnsafeRawBufferPointer) -> Bool { matcher.match(line) == .matched }
    }

    // An input has one thread, and each makes a pattern of its own; the matcher never leaves it.
    extension PatternMatcher: @unchecked Sendable {}
#endif
