extension OptionValues {
    /// Reads a mapping of a configuration file. Everything that is wrong is noted in `reading`, and what is right is kept.
    ///
    /// `others` are keys of the mapping that somebody else reads.
    package init(
        _ node: ConfigNode, of specs: [OptionSpec], component: String, besides others: [String] = [], in reading: ConfigReading
    ) {
        self.init(defaultsOf: specs, component: component)
        place = node.place
        guard let members = node.members else {
            if case .null = node.content {
                noteMissing(besides: [], in: reading)
            } else {
                reading.refuse(
                    .invalidValue, "\(component) is \(node.kindText); write a mapping of options (`key: value`)", at: node.place)
            }
            return
        }
        for member in members where !others.contains(member.key) {
            places[member.key] = member.value.place
            if let spec = specs.first(where: { $0.key == member.key }) {
                if spec.isSecret { reading.hide(member.value) }
                take(member, spec, in: reading)
            } else if let spec = specs.first(where: { $0.fileKey == member.key }) {
                takeFile(member, spec, members, in: reading)
            } else {
                let known = others + specs.writtenKeys
                // A secret whose key is misspelt is one all the same.
                let near = Suggestion.nearest(to: member.key, in: known)
                if specs.contains(where: { $0.isSecret && $0.key == near }) { reading.hide(member.value) }
                reading.refuse(
                    .unknownOption, Self.unknown(member.key, in: known, what: "option", of: component), at: member.place)
            }
        }
        noteMissing(besides: members.map(\.key), in: reading)
    }

    /// Notes required options that are not there; `keys` were there, though perhaps with a wrong value.
    private func noteMissing(besides keys: [String], in reading: ConfigReading) {
        for spec in specs where spec.isRequired && !keys.contains(spec.key) && !keys.contains(spec.fileKey ?? "") {
            let error = missing(spec)
            reading.refuse(error.code, error.message, at: place)
        }
    }

    private mutating func take(_ member: ConfigMember, _ spec: OptionSpec, in reading: ConfigReading) {
        let value = member.value
        func refuse() {
            reading.refuse(
                .invalidValue,
                "`\(spec.key)` of \(component) is \(value.kindText); it takes \(Self.allowed(inFile: spec.kind))", at: value.place)
        }
        switch (value.content, spec.kind) {
        case (.null, _):
            reading.refuse(
                .invalidValue,
                "`\(spec.key)` of \(component) has no value; it takes \(Self.allowed(inFile: spec.kind)), or leave the key out",
                at: member.place)
        case (_, .group(let specs)):
            guard value.members != nil else { return refuse() }
            groups[spec.key] = OptionValues(value, of: specs, component: "`\(spec.key)` of \(component)", in: reading)
        case (.mapping, .variant(let known)):
            variants[spec.key] = Self.variant(value, of: known, key: spec.key, component: component, in: reading)
        case (.list(let items), .texts), (.list(let items), .list):
            var texts: [String] = []
            for item in items {
                guard let text = text(of: item, spec, in: reading) else { continue }
                if case .list = spec.kind, text.isEmpty || text.contains(",") {
                    reading.refuse(
                        .invalidValue, "`\(text)` is no item of `\(spec.key)` of \(component): items are not empty and have no comma",
                        at: item.place)
                }
                texts.append(text)
            }
            if case .list = spec.kind {
                if items.isEmpty { return refuse() }
                self.texts[spec.key] = texts.joined(separator: ",")
            } else {
                lists[spec.key] = texts
            }
        case (.scalar, _): takeScalar(value, spec, in: reading)
        default: refuse()
        }
    }

    private mutating func takeScalar(_ node: ConfigNode, _ spec: OptionSpec, in reading: ConfigReading) {
        guard var text = text(of: node, spec, in: reading) else { return }
        if case .choice(let names) = spec.kind, let native = Self.boolean(text), names.contains("\(native)") { text = "\(native)" }
        take(text, spec, at: node.place, in: reading)
    }

    private mutating func take(_ text: String, _ spec: OptionSpec, at place: ConfigPlace, in reading: ConfigReading) {
        if spec.isSecret, text.isEmpty {
            reading.refuse(.invalidValue, "`\(spec.key)` of \(component) is empty; a secret is not", at: place)
            return
        }
        do throws(ConfigError) {
            try set(text, spec)
        } catch {
            reading.refuse(error.code, error.message, at: place)
        }
    }

    private mutating func takeFile(
        _ member: ConfigMember, _ spec: OptionSpec, _ members: [ConfigMember], in reading: ConfigReading
    ) {
        if members.contains(where: { $0.key == spec.key }) {
            reading.refuse(
                .duplicate, "both `\(spec.key)` and `\(member.key)` of \(component) are given; keep one of them", at: member.place)
            return
        }
        guard let path = text(of: member.value, spec, in: reading) else { return }
        do throws(ConfigError) {
            let bytes = try reading.read(reading.path(path), bytesMax: ConfigReading.secretBytesMax)
            take(try Self.secret(from: bytes, key: member.key), spec, at: member.value.place, in: reading)
        } catch {
            reading.refuse(error.code, "`\(member.key)` of \(component): \(error.message)", at: member.value.place)
        }
    }

    /// The text of a scalar with variables replaced.
    private func text(of node: ConfigNode, _ spec: OptionSpec, in reading: ConfigReading) -> String? {
        guard case .scalar(let text, _) = node.content else {
            reading.refuse(
                .invalidValue, "an item of `\(spec.key)` of \(component) is \(node.kindText); it takes a text", at: node.place)
            return nil
        }
        return reading.expanded(text, at: node.place)
    }

    private static func variant(
        _ node: ConfigNode, of known: [OptionVariant], key: String, component: String, in reading: ConfigReading
    ) -> Variant? {
        guard let member = node.members?.first(where: { $0.key == "type" }), case .scalar(let written, _) = member.value.content else {
            reading.refuse(
                .missingOption, "`\(key)` of \(component) needs `type`: \(known.map(\.name).joined(separator: ", "))", at: node.place)
            return nil
        }
        guard let name = reading.expanded(written, at: member.value.place) else { return nil }
        guard let variant = known.first(where: { $0.name == name }) else {
            reading.refuse(
                .unknownName, unknown(name, in: known.map(\.name), what: key, of: nil), at: member.value.place)
            return nil
        }
        let values = OptionValues(
            node, of: variant.options, component: "\(key) `\(name)`", besides: ["type"], in: reading)
        return Variant(name: name, values: values)
    }

    /// What an option takes in a file, in words.
    private static func allowed(inFile kind: OptionSpec.Kind) -> String {
        if case .list = kind { return "a list of names" }
        if case .variant = kind { return "a name, or a mapping with `type`" }
        return allowed(kind)
    }
}
