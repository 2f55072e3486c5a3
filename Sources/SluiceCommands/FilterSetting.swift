import SluiceComponent
import SluiceConfig
import SluiceEncoding
import SluiceEvent
import SluiceFraming
import SluiceInputs
import SluiceRules

/// The checked values of `filter`'s options.
struct FilterSetting {
    /// Outputs in order: the default one first. A path of nil or `-` is standard output.
    let outputs: [(name: String, path: String?)]
    let zone: Zone
    /// Nanoseconds since 1970 UTC of `--now`.
    let now: Int64?
    /// Format, framing, multiline and charset.
    let decoding: DecodingSetting
    let limits: RuleLimits
    private let options: FilterCommand
    private let inputs: [String]

    init(_ options: FilterCommand, inputs: [String]) throws {
        self.options = options
        self.inputs = inputs
        outputs = try Self.outputs(options.to)
        zone = try Self.zone(options.timezone)
        now = try Self.time(options.now)
        var limits = RuleLimits()
        limits.memoryBytes = try Self.size(options.memoryLimit, "--memory-limit", 1 << 20...1 << 40)
        guard let time = OptionValues.duration(options.timeLimit), time >= 1_000_000 else {
            throw Terminal.fail("`\(options.timeLimit)` is no value for `--time-limit`; it takes a duration from `1ms`", .usage)
        }
        limits.eventNanoseconds = time
        self.limits = limits
        decoding = try Self.decoding(options, zone)
        // Faults of the encoding must show before an output is emptied.
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

    private static func decoding(_ options: FilterCommand, _ zone: Zone) throws -> DecodingSetting {
        var texts = DecodingSetting.Texts()
        texts.format = options.format
        texts.messageFormat = options.messageFormat
        texts.isStrict = options.strict
        texts.framing = options.framing
        texts.multiline = options.multiline
        texts.charset = options.charset
        let framing = FramingOptions(frameBytesMax: try size(options.maxFrameSize, "--max-frame-size", 64...64 << 20))
        do throws(ConfigError) {
            return try DecodingSetting(texts, zone: zone, framingOptions: framing, optionPrefix: "--")
        } catch {
            throw Terminal.fail(error.message, .usage)
        }
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
        guard let time = TimestampText.nanoseconds(of: text) else {
            throw Terminal.fail("`\(text)` is no value for `--now`; it takes RFC 3339 such as `2026-10-09T22:33:20Z`", .usage)
        }
        return time
    }

    private static func size(_ text: String, _ option: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let bytes = OptionValues.size(text), range.contains(bytes) else {
            throw Terminal.fail(
                "`\(text)` is no value for `\(option)`; it takes a size such as `64KiB`, from \(SizeText.text(range.lowerBound)) to \(SizeText.text(range.upperBound))",
                .usage)
        }
        return bytes
    }
}
