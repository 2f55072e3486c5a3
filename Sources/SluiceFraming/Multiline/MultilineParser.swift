package import SluiceConfig

/// Answers whether a line begins a record; a regular expression behind a protocol, so that joining lines needs no engine of its own.
package protocol LineMatcher: Sendable {
    /// Whether the pattern matches anywhere in the line; the bytes are valid for the call.
    func matches(_ line: UnsafeRawBufferPointer) -> Bool
}

/// How lines are joined: the `multiline` setting.
package enum MultilineParser: Sendable {
    /// Traces of the languages given.
    case traces(TraceLanguages)
    /// A line that begins with a blank or tab belongs to the one before.
    case indent
    /// A line belongs to the one before unless the pattern matches it.
    case matcher(any LineMatcher)

    /// Names of the settings, for documentation and suggestions; `regex:PATTERN` comes on top.
    package static let names = ["auto", "java", "python", "go", "ruby", "dart", "php", "indent", "regex:PATTERN"]

    /// The setting of that name. `compile` makes a matcher of the pattern behind `regex:`.
    package init(
        _ text: String, compile: (_ pattern: String) throws(ConfigError) -> any LineMatcher
    ) throws(ConfigError) {
        if text.hasPrefix("regex:") {
            self = .matcher(try compile(String(text.dropFirst("regex:".count))))
            return
        }
        switch text {
        case "auto": self = .traces(.all)
        case "java": self = .traces(.java)
        case "python": self = .traces(.python)
        case "go": self = .traces(.go)
        case "ruby": self = .traces(.ruby)
        case "dart": self = .traces(.dart)
        case "php": self = .traces(.php)
        case "indent": self = .indent
        default:
            throw ConfigError(.unknownName, OptionValues.unknown(text, in: Self.names, what: "multiline parser", of: nil))
        }
    }
}

/// Languages whose stack traces are known.
package struct TraceLanguages: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Java, Kotlin, Scala, C# and JavaScript: lines that begin with `at`.
    package static let java = TraceLanguages(rawValue: 1)
    package static let python = TraceLanguages(rawValue: 2)
    package static let go = TraceLanguages(rawValue: 4)
    package static let ruby = TraceLanguages(rawValue: 8)
    package static let dart = TraceLanguages(rawValue: 16)
    package static let php = TraceLanguages(rawValue: 32)
    /// All of them at once.
    package static let all: TraceLanguages = [.java, .python, .go, .ruby, .dart, .php]
}

/// What a line is to the lines before it.
enum LineRole {
    /// The first line of a record of its own.
    case starts
    /// A further line of the open record.
    case continues
    /// A further line if one comes that continues; a record of its own otherwise.
    case perhaps
}
