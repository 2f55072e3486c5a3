extension OptionValues {
    /// Takes a text for an option when it is a value that the option may have.
    mutating func set(_ text: String, _ spec: OptionSpec) throws(ConfigError) {
        if case .variant(let known) = spec.kind {
            variants[spec.key] = try Self.variant(OptionText(text), of: known, key: spec.key, component: component)
            return
        }
        if let allowed = Self.refusal(of: text, spec.kind) {
            let shown = spec.isSecret ? SecretText.mask : text
            throw ConfigError(
                .invalidValue, "`\(shown)` is no value for `\(spec.key)` of \(component); it takes \(allowed)", key: spec.key)
        }
        texts[spec.key] = text
    }

    /// What an option of this kind takes, in words, when the text is nothing of the kind; nil when it is.
    static func refusal(of value: String, _ kind: OptionSpec.Kind) -> String? {
        let isTaken: Bool
        switch kind {
        case .text, .texts, .variant: isTaken = true
        case .list: isTaken = !value.isEmpty
        case .boolean: isTaken = boolean(value) != nil
        case .integer(let range): isTaken = Int(value).map(range.contains) ?? false
        case .size(let range): isTaken = size(value).map(range.contains) ?? false
        case .duration(let range): isTaken = duration(value).map(range.contains) ?? false
        case .fraction(let range): isTaken = fraction(value).map(range.contains) ?? false
        case .character: isTaken = character(value) != nil
        case .group: isTaken = false
        case .choice(let names): isTaken = names.contains(value)
        }
        return isTaken ? nil : allowed(kind)
    }

    /// What an option takes, in words.
    package static func allowed(_ kind: OptionSpec.Kind) -> String {
        switch kind {
        case .text: "a text"
        case .texts: "a text or a list of texts"
        case .list: "names separated by commas"
        case .boolean: "`true` or `false`"
        case .integer(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .size(let range):
            "a size such as `64KiB`, from \(SizeText.text(range.lowerBound)) to \(SizeText.text(range.upperBound))"
        case .duration(let range):
            "a duration such as `250ms` or `10s`, from \(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
        case .fraction(let range): "a part such as `5%`, from \(percent(range.lowerBound)) to \(percent(range.upperBound))"
        case .character: "one ASCII character (`\\t` for a tab)"
        case .group: "a mapping of options"
        case .choice(let names): names.map { "`\($0)`" }.joined(separator: ", ")
        case .variant(let variants): variants.map { "`\($0.name)`" }.joined(separator: ", ")
        }
    }

    private static func percent(_ part: Double) -> String { "\(Int((part * 100).rounded()))%" }
}

extension OptionValues {
    static func boolean(_ text: String) -> Bool? {
        switch text {
        case "true", "yes", "on", "True", "Yes", "On", "TRUE", "YES", "ON": true
        case "false", "no", "off", "False", "No", "Off", "FALSE", "NO", "OFF": false
        default: nil
        }
    }

    /// Units of durations in nanoseconds, the smallest first.
    static let durationUnits: [(factor: Int64, unit: String)] = [
        (1, "ns"), (1_000, "us"), (1_000_000, "ms"), (1_000_000_000, "s"), (60_000_000_000, "m"), (3_600_000_000_000, "h"),
        (86_400_000_000_000, "d"),
    ]

    /// Bytes of `64KiB`, `2GiB`, `1000`; nil when the text is no size.
    package static func size(_ text: String) -> Int? {
        scaled(text, [(1 << 10, "KiB"), (1 << 20, "MiB"), (1 << 30, "GiB"), (1 << 40, "TiB"), (1, "B"), (1, "")])
            .flatMap { Int(exactly: $0) }
    }

    /// Nanoseconds of `250ms`, `10s`, `5m`, `1h`, `2d`; nil when the text is no duration.
    package static func duration(_ text: String) -> Int64? { scaled(text, durationUnits) }

    /// The part that `5%` or `0.05` is; nil when the text is none.
    package static func fraction(_ text: String) -> Double? {
        let isPercent = text.hasSuffix("%")
        guard let number = Double(isPercent ? String(text.dropLast()) : text), number.isFinite else { return nil }
        return isPercent ? number / 100 : number
    }

    private static func scaled(_ text: String, _ units: [(factor: Int64, unit: String)]) -> Int64? {
        for (factor, unit) in units where text.hasSuffix(unit) {
            guard let number = Int64(text.dropLast(unit.count)), number >= 0 else { continue }
            let (product, overflow) = number.multipliedReportingOverflow(by: factor)
            return overflow ? nil : product
        }
        return nil
    }

    static func character(_ text: String) -> UInt8? {
        switch text {
        case "\\t": return 0x09
        case "\\0": return 0
        case "\\n": return 0x0A
        case "\\\\": return 0x5C
        case "space": return 0x20
        default:
            let bytes = Array(text.utf8)
            return bytes.count == 1 ? bytes[0] : nil
        }
    }
}
