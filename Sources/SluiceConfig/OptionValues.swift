/// Checked values of a component's options; made only from declared specifications.
///
/// Two are equal when they say the same: where they were written does not count, what secrets and variables held does.
package struct OptionValues: Sendable, Equatable {
    /// A value as it was written.
    package enum Value: Sendable {
        case text(String)
        case texts([String])
        case group(OptionValues)
    }

    /// What a `variant` option is, with its own options.
    package struct Variant: Sendable, Equatable {
        package let name: String
        package let values: OptionValues

        /// A variant.
        package init(name: String, values: OptionValues) {
            self.name = name
            self.values = values
        }
    }

    /// Owner in messages, such as ``output `main` ``.
    package let component: String
    let specs: [OptionSpec]
    var texts: [String: String] = [:]
    var lists: [String: [String]] = [:]
    var groups: [String: OptionValues] = [:]
    var variants: [String: Variant] = [:]
    var places: [String: ConfigPlace] = [:]
    /// Where the component stands; nil on the command line.
    package internal(set) var place: ConfigPlace?

    /// Nothing given: only defaults.
    package init(defaultsOf specs: [OptionSpec], component: String) {
        self.component = component
        self.specs = specs
    }

    /// Checks every pair against the declarations. `component` names the owner in messages (``format `csv` ``).
    package init(_ pairs: [(key: String, value: String)], of specs: [OptionSpec], component: String) throws(ConfigError) {
        try self.init(pairs.map { ($0.key, .text($0.value)) }, of: specs, component: component)
    }

    /// Checks every value against the declarations: lists and groups as well.
    package init(_ values: [(key: String, value: Value)], of specs: [OptionSpec], component: String) throws(ConfigError) {
        self.init(defaultsOf: specs, component: component)
        for (key, value) in values {
            guard let spec = specs.first(where: { $0.key == key || $0.fileKey == key }) else {
                throw ConfigError(
                    .unknownOption, Self.unknown(key, in: specs.writtenKeys, what: "option", of: component), key: key)
            }
            switch value {
            case .text(let text) where key == spec.fileKey:
                texts[spec.key] = try Self.secret(from: try SmallFile.read(text, bytesMax: ConfigReading.secretBytesMax), key: key)
            case .text(let text): try set(text, spec)
            case .texts(let items): lists[key] = items
            case .group(let values): groups[key] = values
            }
        }
        for spec in specs where spec.isRequired && !isSet(spec.key) { throw missing(spec) }
    }

    package static func == (left: OptionValues, right: OptionValues) -> Bool {
        left.texts == right.texts && left.lists == right.lists && left.groups == right.groups && left.variants == right.variants
    }

    /// ``unknown option `x` of format `csv`; did you mean `y`? known: …``
    package static func unknown(_ name: String, in known: [String], what: String, of owner: String?) -> String {
        let owner = owner.map { " of \($0)" } ?? ""
        let near = Suggestion.nearest(to: name, in: known).map { "; did you mean `\($0)`?" } ?? ";"
        if known.isEmpty { return "unknown \(what) `\(name)`\(owner); there are none" }
        return "unknown \(what) `\(name)`\(owner)\(near) known: \(known.joined(separator: ", "))"
    }
}

extension OptionValues {
    /// The text as given or by default.
    package func text(_ key: String) -> String? { texts[key] ?? spec(key).standard }

    /// Whether the option was given.
    package func isSet(_ key: String) -> Bool {
        texts[key] != nil || lists[key] != nil || groups[key] != nil || variants[key] != nil
    }

    /// Whether the component has such an option.
    package func declares(_ key: String) -> Bool { specs.contains { $0.key == key } }

    /// Where the option's value was written (`tls.certificate` is one of a group); the component's own place without one.
    package func place(of key: String) -> ConfigPlace? {
        guard let dot = key.firstIndex(of: ".") else { return places[key] ?? place }
        let group = String(key[..<dot])
        let rest = String(key[key.index(after: dot)...])
        return groups[group]?.place(of: rest) ?? variants[group]?.values.place(of: rest) ?? places[group] ?? place
    }

    /// The items of a list; one text is a list of one, and an absent list has none.
    package func texts(_ key: String) -> [String] { lists[key] ?? text(key).map { [$0] } ?? [] }

    /// The values of a group; one that was not given has only defaults.
    package func group(_ key: String) -> OptionValues {
        guard case .group(let members) = spec(key).kind else {
            preconditionFailure("option `\(key)` of \(component) is no group")
        }
        return groups[key] ?? OptionValues(defaultsOf: members, component: "`\(key)` of \(component)")
    }

    /// What a variant option is; nil when it was not given and has no default.
    package func variant(_ key: String) -> Variant? {
        guard case .variant(let known) = spec(key).kind else {
            preconditionFailure("option `\(key)` of \(component) is no variant")
        }
        if let variant = variants[key] { return variant }
        return spec(key).standard.map { standard in
            // A default is the program's own and must be right.
            try! Self.variant(OptionText(standard), of: known, key: key, component: component)
        }
    }

    /// A boolean option's value.
    package func boolean(_ key: String) -> Bool { Self.boolean(text(key) ?? "false") ?? false }

    /// An integer option's value.
    package func integer(_ key: String) -> Int? { text(key).flatMap { Int($0) } }

    /// A size in bytes.
    package func size(_ key: String) -> Int? { text(key).flatMap { Self.size($0) } }

    /// A duration in nanoseconds.
    package func duration(_ key: String) -> Int64? { text(key).flatMap { Self.duration($0) } }

    /// A part of a whole, 1 for the whole.
    package func fraction(_ key: String) -> Double? { text(key).flatMap { Self.fraction($0) } }

    /// A one-byte option's value.
    package func character(_ key: String) -> UInt8? { text(key).flatMap { Self.character($0) } }

    /// A list's items.
    package func list(_ key: String) -> [String]? {
        text(key).map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    /// What was given, one `key=value` each in the order of the declarations; secrets as `•••`.
    package var shown: [String] {
        specs.flatMap { spec -> [String] in
            if spec.isSecret { return isSet(spec.key) ? ["\(spec.key)=\(SecretText.mask)"] : [] }
            if let group = groups[spec.key] { return group.shown.map { "\(spec.key).\($0)" } }
            if let variant = variants[spec.key] {
                return ["\(spec.key).type=\(variant.name)"] + variant.values.shown.map { "\(spec.key).\($0)" }
            }
            if let items = lists[spec.key] { return ["\(spec.key)=\(items.joined(separator: ","))"] }
            return texts[spec.key].map { ["\(spec.key)=\($0)"] } ?? []
        }
    }

    /// The same values with one of them another.
    package func replacing(_ key: String, with text: String) -> OptionValues {
        precondition(Self.refusal(of: text, spec(key).kind) == nil, "`\(text)` is no value for `\(key)`")
        var values = self
        values.texts[key] = text
        return values
    }

    func spec(_ key: String) -> OptionSpec {
        guard let spec = specs.first(where: { $0.key == key }) else {
            preconditionFailure("option `\(key)` of \(component) is not declared")
        }
        return spec
    }

    /// The variant that a text such as `csv:delimiter=;` names.
    static func variant(
        _ text: OptionText, of known: [OptionVariant], key: String, component: String
    ) throws(ConfigError) -> Variant {
        guard let variant = known.first(where: { $0.name == text.name }) else {
            throw ConfigError(.unknownName, unknown(text.name, in: known.map(\.name), what: key, of: nil))
        }
        let owner = "\(key) `\(variant.name)`"
        var pairs: [(key: String, value: String)] = []
        if let freeText = variant.freeText {
            if let rest = text.rest { pairs = [(freeText, rest)] }
        } else {
            pairs = try text.pairs()
        }
        return Variant(name: variant.name, values: try OptionValues(pairs, of: variant.options, component: owner))
    }

    /// A secret that was read from a file, without its line end.
    static func secret(from bytes: [UInt8], key: String) throws(ConfigError) -> String {
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigError(.invalidValue, "the file of `\(key)` is not UTF-8 text", key: key)
        }
        if text.unicodeScalars.last == "\n" { text.unicodeScalars.removeLast() }
        if text.unicodeScalars.last == "\r" { text.unicodeScalars.removeLast() }
        return text
    }

    func missing(_ spec: OptionSpec) -> ConfigError {
        ConfigError(.missingOption, "\(component) needs `\(spec.key)`, \(spec.summary); write `\(spec.key): \(spec.example)`")
    }
}
