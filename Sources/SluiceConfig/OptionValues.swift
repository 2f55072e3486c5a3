/// Checked values of a component's options; made only from declared specifications.
package struct OptionValues: Sendable {
    /// A value as it was written.
    package enum Value: Sendable {
        case text(String)
        case texts([String])
        case group(OptionValues)
    }

    private let component: String
    private let specs: [OptionSpec]
    private var texts: [String: String] = [:]
    private var lists: [String: [String]] = [:]
    private var groups: [String: OptionValues] = [:]

    /// Checks every pair against the declarations. `component` names the owner in messages (``format `csv` ``).
    package init(_ pairs: [(key: String, value: String)], of specs: [OptionSpec], component: String) throws(ConfigError) {
        self.component = component
        self.specs = specs
        for (key, value) in pairs {
            guard let spec = specs.first(where: { $0.key == key }) else {
                throw ConfigError(.unknownOption, Self.unknown(key, in: specs.map(\.key), what: "option", of: component))
            }
            texts[key] = value
            try check(value, spec)
        }
    }

    /// Checks every value against the declarations, those of a configuration file: lists and groups as well.
    package init(_ values: [(key: String, value: Value)], of specs: [OptionSpec], component: String) throws(ConfigError) {
        self.component = component
        self.specs = specs
        for (key, value) in values {
            guard let spec = specs.first(where: { $0.key == key }) else {
                throw ConfigError(.unknownOption, Self.unknown(key, in: specs.map(\.key), what: "option", of: component))
            }
            switch value {
            case .text(let text):
                texts[key] = text
                try check(text, spec)
            case .texts(let items): lists[key] = items
            case .group(let values): groups[key] = values
            }
        }
    }

    /// ``unknown option `x` of format `csv`; did you mean `y`? known: …``
    package static func unknown(_ name: String, in known: [String], what: String, of owner: String?) -> String {
        let owner = owner.map { " of \($0)" } ?? ""
        let near = Suggestion.nearest(to: name, in: known).map { "; did you mean `\($0)`?" } ?? ";"
        if known.isEmpty { return "unknown \(what) `\(name)`\(owner); there are none" }
        return "unknown \(what) `\(name)`\(owner)\(near) known: \(known.joined(separator: ", "))"
    }

    /// The text as given or by default.
    package func text(_ key: String) -> String? { texts[key] ?? spec(key).standard }

    /// Whether the option was given.
    package func isSet(_ key: String) -> Bool { texts[key] != nil || lists[key] != nil || groups[key] != nil }

    /// The items of a list; one text is a list of one, and an absent list has none.
    package func texts(_ key: String) -> [String] { lists[key] ?? text(key).map { [$0] } ?? [] }

    /// The values of a group; one that was not given has only defaults.
    package func group(_ key: String) -> OptionValues {
        guard case .group(let members) = spec(key).kind else {
            preconditionFailure("option `\(key)` of \(component) is no group")
        }
        return groups[key] ?? OptionValues(defaultsOf: members, component: "`\(key)` of \(component)")
    }

    /// A boolean option's value.
    package func boolean(_ key: String) -> Bool { Self.boolean(text(key) ?? "false") ?? false }

    /// An integer option's value.
    package func integer(_ key: String) -> Int? { text(key).flatMap { Int($0) } }

    /// A size in bytes.
    package func size(_ key: String) -> Int? { text(key).flatMap { Self.size($0) } }

    /// A duration in nanoseconds.
    package func duration(_ key: String) -> Int64? { text(key).flatMap { Self.duration($0) } }

    /// A one-byte option's value.
    package func character(_ key: String) -> UInt8? { text(key).flatMap { Self.character($0) } }

    /// A list's items.
    package func list(_ key: String) -> [String]? {
        text(key).map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    private init(defaultsOf specs: [OptionSpec], component: String) {
        self.component = component
        self.specs = specs
    }

    private func spec(_ key: String) -> OptionSpec {
        guard let spec = specs.first(where: { $0.key == key }) else {
            preconditionFailure("option `\(key)` of \(component) is not declared")
        }
        return spec
    }

    private func check(_ value: String, _ spec: OptionSpec) throws(ConfigError) {
        let allowed: String
        switch spec.kind {
        case .text, .texts: return
        case .list:
            if !value.isEmpty { return }
            allowed = "names separated by commas"
        case .boolean:
            if Self.boolean(value) != nil { return }
            allowed = "`true` or `false`"
        case .integer(let range):
            if let number = Int(value), range.contains(number) { return }
            allowed = "a number from \(range.lowerBound) to \(range.upperBound)"
        case .size(let range):
            if let bytes = Self.size(value), range.contains(bytes) { return }
            allowed = "a size such as `64KiB`, from \(range.lowerBound) to \(range.upperBound) bytes"
        case .duration(let range):
            if let time = Self.duration(value), range.contains(time) { return }
            allowed = "a duration such as `250ms` or `10s`"
        case .character:
            if Self.character(value) != nil { return }
            allowed = "one ASCII character (`\\t` for a tab)"
        case .group: allowed = "a mapping of options"
        case .choice(let names):
            if names.contains(value) { return }
            allowed = names.map { "`\($0)`" }.joined(separator: ", ")
        }
        throw ConfigError(
            .invalidValue, "`\(value)` is no value for `\(spec.key)` of \(component); it takes \(allowed)")
    }
}

extension OptionValues {
    static func boolean(_ text: String) -> Bool? {
        switch text {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    /// Bytes of `64KiB`, `2GiB`, `1000`; nil when the text is no size.
    package static func size(_ text: String) -> Int? {
        scaled(text, [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("B", 1), ("", 1)])
            .flatMap { Int(exactly: $0) }
    }

    /// Nanoseconds of `250ms`, `10s`, `5m`, `1h`, `2d`; nil when the text is no duration.
    package static func duration(_ text: String) -> Int64? {
        scaled(
            text,
            [
                ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
                ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
            ])
    }

    private static func scaled(_ text: String, _ units: [(String, Int64)]) -> Int64? {
        for (unit, factor) in units where text.hasSuffix(unit) {
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
