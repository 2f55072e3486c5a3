package import SluiceComponent
package import SluiceConfig
import SluiceDecoding
package import SluiceEvent
package import SluiceFraming

/// How the bytes of an input become events: format, framing, multiline and charset, checked together.
///
/// The one place where these settings meet: `filter` makes it from its options, every input from its section of the configuration.
package struct DecodingSetting: Sendable {
    /// What users may set, as they write it.
    package struct Texts: Sendable {
        package var format = "auto"
        package var messageFormat: String?
        package var isStrict = false
        package var framing: String?
        package var multiline: String?
        package var charset = "utf-8"

        /// The defaults of files and standard input.
        package init() {}
    }

    /// Charset of the bytes.
    package let charset: Charset
    /// Limits and manners of framing; network inputs change them before they make a framer.
    package var framingOptions: FramingOptions
    private let texts: Texts
    /// Zone of times that have none.
    package let zone: Zone
    private let framing: Framing?

    /// Checks the settings together. `optionPrefix` stands before names of options in messages: `--` on the command line.
    package init(_ texts: Texts, zone: Zone, framingOptions: FramingOptions, optionPrefix: String = "") throws(ConfigError) {
        self.texts = texts
        self.zone = zone
        do throws(ConfigError) { charset = try Charset(named: texts.charset) } catch { throw error.about("charset") }
        var framingOptions = framingOptions
        // An empty line is a record of plain text and nothing at all of every other format.
        framingOptions.skipsEmptyFrames = OptionText(texts.format).name != "plain"
        self.framingOptions = framingOptions
        _ = try Self.make(texts, zone)
        if let multiline = texts.multiline {
            if let framing = texts.framing, framing != Framing.newline.rawValue {
                throw ConfigError(
                    .invalidValue,
                    "`\(optionPrefix)multiline` joins lines: it goes with `\(optionPrefix)framing newline`, not with `\(framing)`")
            }
            do throws(ConfigError) {
                _ = try MultilineParser(multiline, compile: Self.lineMatcher)
            } catch { throw error.about("multiline") }
        }
        framing = try texts.framing.map { name throws(ConfigError) in try Framing(named: name) }
    }

    /// Name of the format, for messages.
    package var formatName: String { OptionText(texts.format).name }

    /// Whether the bytes are converted before they are cut: then places in the text are not places in the input.
    var isWide: Bool { charset.isWide }

    /// Longest frame.
    package var frameBytesMax: Int { framingOptions.frameBytesMax }

    /// Whether the end of a stream is the usual end of its record.
    package var endsWithStream: Bool { framing == .whole }

    /// Whether `framing` or `multiline` were set: otherwise the format says how bytes are cut.
    package var hasOwnFraming: Bool { framing != nil || texts.multiline != nil }

    /// A decoder for one stream.
    package func decoder() -> any Decoder { made.decoder }

    /// A framer for one stream: what `multiline` or `framing` say, else what the format wants.
    package func framer() -> any Framer {
        if let multiline = texts.multiline {
            return MultilineFramer(
                checked { () throws(ConfigError) in try MultilineParser(multiline, compile: Self.lineMatcher) }, framingOptions)
        }
        if let framing { return framing.framer(framingOptions) }
        switch made.framing {
        case .line: return NewlineFramer(framingOptions)
        case .quotedLines(let dialect):
            let quoting = CSVQuoting(
                delimiters: dialect.delimiters, quote: dialect.quote, escapesWithBackslash: dialect.escape != .double,
                allowsBlanksBeforeQuote: dialect.isStripped)
            return CSVFramer(quoting, framingOptions)
        }
    }

    private var made: DecoderCatalogue.Made { checked { () throws(ConfigError) in try Self.make(texts, zone) } }

    private func checked<Value>(_ body: () throws(ConfigError) -> Value) -> Value {
        do throws(ConfigError) {
            return try body()
        } catch {
            preconditionFailure("a setting that was checked is refused: \(error.message)")
        }
    }

    private static func make(_ texts: Texts, _ zone: Zone) throws(ConfigError) -> DecoderCatalogue.Made {
        let inner = texts.messageFormat.map { OptionText($0) }
        return try DecoderCatalogue.make(OptionText(texts.format), strict: texts.isStrict, zone: zone, messageFormat: inner)
    }

    private static func lineMatcher(_ pattern: String) throws(ConfigError) -> any LineMatcher {
        #if Regex
            return try LinePattern(pattern)
        #else
            throw ConfigError(
                .notBuiltIn, "`--multiline regex:…` is not in this build; build with `--traits Regex` (libpcre2-dev)")
        #endif
    }
}
