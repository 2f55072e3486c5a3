import SluiceComponent
import SluiceConfig
import SluiceDecoding
import SluiceEncoding
import SluiceEvent
import SluiceFraming
import SluiceRules

/// The checked values of `filter`'s options.
struct FilterSetting {
    /// Outputs in order: the default one first. A path of nil or `-` is standard output.
    let outputs: [(name: String, path: String?)]
    let zone: Zone
    /// Nanoseconds since 1970 UTC of `--now`.
    let now: Int64?
    let charset: Charset
    let limits: RuleLimits
    private let options: FilterCommand
    private let inputs: [String]
    private let framingOptions: FramingOptions

    /// Longest frame.
    var frameBytesMax: Int { framingOptions.frameBytesMax }

    init(_ options: FilterCommand, inputs: [String]) throws {
        self.options = options
        self.inputs = inputs
        outputs = try Self.outputs(options.to)
        zone = try Self.zone(options.timezone)
        now = try Self.time(options.now)
        do throws(ConfigError) {
            charset = try Charset(named: options.charset)
        } catch {
            throw Terminal.fail(error.message, .usage)
        }
        var limits = RuleLimits()
        limits.memoryBytes = try Self.size(options.memoryLimit, "--memory-limit", 1 << 20...1 << 40)
        guard let time = OptionValues.duration(options.timeLimit), time >= 1_000_000 else {
            throw Terminal.fail("`\(options.timeLimit)` is no value for `--time-limit`; it takes a duration from `1ms`", .usage)
        }
        limits.eventNanoseconds = time
        self.limits = limits
        var framingOptions = FramingOptions(
            frameBytesMax: try Self.size(options.maxFrameSize, "--max-frame-size", 64...64 << 20))
        // An empty line is a record of plain text and nothing at all of every other format.
        framingOptions.skipsEmptyFrames = OptionText(options.format).name != "plain"
        self.framingOptions = framingOptions
        // Faults of format, framing and the like must show before an output is emptied.
        _ = try decoder()
        _ = try framer()
        _ = try encoder()
    }

    /// An encoder by `--encoding`.
    func encoder() throws -> any Encoder {
        let text = OptionText(options.encoding)
        do throws(ConfigError) {
            return try EncoderCatalogue.make(text.name, text.rest, inputs: inputs)
        } catch {
            throw Terminal.fail(error.message, .usage)
        }
    }

    /// A decoder by `--format`.
    func decoder() throws -> any Decoder {
        let text = OptionText(options.format)
        do throws(ConfigError) {
            return try made(text).decoder
        } catch {
            throw Terminal.fail(error.message, .usage)
        }
    }

    /// A framer by `--framing`, `--multiline` and what the format wants.
    func framer() throws -> any Framer {
        do throws(ConfigError) {
            let text = OptionText(options.format)
            if let multiline = options.multiline {
                if let framing = options.framing, framing != Framing.newline.rawValue {
                    throw ConfigError(
                        .invalidValue, "`--multiline` joins lines: it goes with `--framing newline`, not with `\(framing)`")
                }
                return MultilineFramer(try MultilineParser(multiline, compile: Self.lineMatcher), framingOptions)
            }
            if let framing = options.framing { return try Framing(named: framing).framer(framingOptions) }
            switch try made(text).framing {
            case .line: return NewlineFramer(framingOptions)
            case .quotedLines(let dialect):
                let quoting = CSVQuoting(
                    delimiters: dialect.delimiters, quote: dialect.quote, escapesWithBackslash: dialect.escape != .double,
                    allowsBlanksBeforeQuote: dialect.isStripped)
                return CSVFramer(quoting, framingOptions)
            }
        } catch {
            throw Terminal.fail(error.message, .usage)
        }
    }

    private func made(_ text: OptionText) throws(ConfigError) -> DecoderCatalogue.Made {
        let inner = options.messageFormat.map { OptionText($0) }
        return try DecoderCatalogue.make(text, strict: options.strict, zone: zone, messageFormat: inner)
    }

    private static func lineMatcher(_ pattern: String) throws(ConfigError) -> any LineMatcher {
        #if Regex
            return try LinePattern(pattern)
        #else
            throw ConfigError(
                .notBuiltIn, "`--multiline regex:…` is not in this build; build with `--traits Regex` (libpcre2-dev)")
        #endif
    }

    private static func outputs(_ texts: [String]) throws -> [(name: String, path: String?)] {
        var outputs: [(name: String, path: String?)] = []
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex, text.index(after: equals) < text.endIndex
            else {
                throw Terminal.fail("`--to \(text)` is not of the form `--to NAME=PATH`", .usage)
            }
            let name = String(text[..<equals])
            guard name != "drop", name != "pass" else {
                throw Terminal.fail("an output may not be called `\(name)`: that word is a decision of rules", .usage)
            }
            guard !outputs.contains(where: { $0.name == name }) else {
                throw Terminal.fail("output `\(name)` is given twice; names are unique", .usage)
            }
            outputs.append((name, String(text[text.index(after: equals)...])))
        }
        if !outputs.contains(where: { $0.name == "stdout" }) { outputs.insert(("stdout", nil), at: 0) }
        guard outputs.count <= 64 else {
            throw Terminal.fail("\(outputs.count) outputs are more than the 64 that one run may have", .usage)
        }
        return outputs
    }

    private static func zone(_ name: String?) throws -> Zone {
        guard let name else { return Zone.system() }
        do throws(ZoneError) {
            return try Zone(named: name)
        } catch {
            throw Terminal.fail(
                "unknown zone `\(name)` for `--timezone`; it takes names such as `Europe/Berlin`, `UTC` or `+02:00`", .usage)
        }
    }

    private static func time(_ text: String?) throws -> Int64? {
        guard let text else { return nil }
        let bytes = Array(text.utf8)
        let time = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap { TimestampText.parseRFC3339($0, buffer.count)?.ns }
        }
        guard let time else {
            throw Terminal.fail("`\(text)` is no value for `--now`; it takes RFC 3339 such as `2026-10-09T22:33:20Z`", .usage)
        }
        return time
    }

    /// A size as users write it: `64KiB`, `1MiB`, `100B`.
    static func sizeText(_ bytes: Int) -> String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        where bytes >= 1 << shift && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes)B"
    }

    private static func size(_ text: String, _ option: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let bytes = OptionValues.size(text), range.contains(bytes) else {
            throw Terminal.fail(
                "`\(text)` is no value for `\(option)`; it takes a size such as `64KiB`, from \(sizeText(range.lowerBound)) to \(sizeText(range.upperBound))",
                .usage)
        }
        return bytes
    }
}
