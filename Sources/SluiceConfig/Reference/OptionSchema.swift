/// JSON Schema (draft 2020-12) of declared options, for editors.
///
/// It accepts everything that the program accepts, and refuses what can be seen of one value: ranges of sizes and durations, and
/// options that need each other, are left to `sluice check`. A text with `${…}` is right everywhere. The second test suite holds the
/// two against each other.
package enum OptionSchema {
    /// A text with a variable in it.
    package static let reference = JSONValue.members(["type": .text("string"), "pattern": .text("\\$\\{")])
    private static let scalar = JSONValue.texts(["string", "number", "boolean"])

    /// The members of an object schema for these options. `first` are properties that come from elsewhere.
    package static func object(_ specs: [OptionSpec], first: [JSONValue.Member] = [], required: [String] = []) -> JSONValue {
        var properties = first
        for spec in specs {
            properties.append(JSONValue.Member(name: spec.key, value: schema(spec)))
            if let key = spec.fileKey {
                let summary = "file to read `\(spec.key)` from"
                properties.append(
                    JSONValue.Member(name: key, value: .members(["description": .text(summary), "type": .text("string")])))
            }
        }
        let needed = required + specs.filter { $0.isRequired && !$0.isSecret }.map(\.key)
        var schema = JSONValue.members(["type": .text("object")])
        if !needed.isEmpty { schema = schema.adding(["required": .texts(needed)]) }
        schema = schema.adding(["properties": .object(properties), "additionalProperties": .boolean(false)])
        let twins = specs.compactMap { spec in spec.fileKey.map { twin(spec, $0) } }
        return twins.isEmpty ? schema : schema.adding(["allOf": .list(twins)])
    }

    /// A secret stands in the file or in one of its own, not in both.
    private static func twin(_ spec: OptionSpec, _ fileKey: String) -> JSONValue {
        let both = JSONValue.members(["not": .members(["required": .texts([spec.key, fileKey])])])
        guard spec.isRequired else { return both }
        return both.adding([
            "anyOf": .list([.members(["required": .texts([spec.key])]), .members(["required": .texts([fileKey])])])
        ])
    }

    /// The schema of one option's value.
    static func schema(_ spec: OptionSpec) -> JSONValue {
        var schema = JSONValue.members(["description": .text(spec.summary)])
        if let standard = spec.standard { schema = schema.adding(["default": native(standard, spec.kind)]) }
        guard case .object(let members) = schema, case .object(let more) = type(spec.kind) else { return schema }
        return .object(members + more)
    }

    private static func native(_ text: String, _ kind: OptionSpec.Kind) -> JSONValue {
        switch kind {
        case .integer: Int(text).map { .integer($0) } ?? .text(text)
        case .boolean: OptionValues.boolean(text).map { .boolean($0) } ?? .text(text)
        case .choice(let names) where names.contains("true"): OptionValues.boolean(text).map { .boolean($0) } ?? .text(text)
        default: .text(text)
        }
    }

    private static func type(_ kind: OptionSpec.Kind) -> JSONValue {
        switch kind {
        case .text: return .members(["type": scalar])
        case .character:
            let digit = JSONValue.members(["type": .text("integer"), "minimum": .integer(0), "maximum": .integer(9)])
            return either(pattern("^([\\u0000-\\u007f]|\\\\[tn0\\\\]|space)$"), digit)
        case .boolean:
            return either(
                .members(["type": .text("boolean")]),
                pattern("^(true|false|yes|no|on|off|True|False|Yes|No|On|Off|TRUE|FALSE|YES|NO|ON|OFF)$"))
        case .integer(let range):
            return either(
                .members(["type": .text("integer"), "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]),
                pattern("^[+-]?[0-9]+$"))
        case .size(let range):
            return either(
                .members(["type": .text("integer"), "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]),
                pattern("^[+]?[0-9]+(B|KiB|MiB|GiB|TiB)?$"))
        case .duration: return pattern("^[+]?[0-9]+(ns|us|ms|s|m|h|d)$")
        case .fraction(let range):
            return either(
                .members(["type": .text("number"), "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]),
                pattern(range == 0...1 ? partPattern : "^[0-9.]+([eE][-+]?[0-9]+)?%?$"))
        case .choice(let names):
            let natives: [JSONValue] = names.contains("true") && names.contains("false") ? [.boolean(true), .boolean(false)] : []
            return either(.members(["enum": .list(names.map { .text($0) } + natives)]), reference)
        case .texts:
            return either(.members(["type": .text("array"), "items": .members(["type": scalar])]), .members(["type": scalar]))
        case .list:
            let item = JSONValue.members(["type": scalar, "pattern": .text("^[^,]+$|\\$\\{")])
            return either(
                .members(["type": .text("array"), "minItems": .integer(1), "items": item]),
                .members(["type": scalar, "minLength": .integer(1)]))
        case .group(let specs): return object(specs)
        case .variant(let variants):
            let forms = variants.map { variant in
                let name = JSONValue.members(["const": .text(variant.name), "description": .text(variant.summary)])
                return object(variant.options, first: [JSONValue.Member(name: "type", value: name)], required: ["type"])
            }
            let names = variants.map(\.name).joined(separator: "|")
            let unknown = JSONValue.members([
                "type": .text("object"), "required": .texts(["type"]), "properties": .members(["type": reference]),
            ])
            return .members(["anyOf": .list([pattern("^(\(names))(:.*)?$")] + forms + [unknown])])
        }
    }

    /// `5%` up to `100%`, `0.05` up to `1`, and numbers with an exponent.
    private static let partPattern =
        "^[+]?(100([.]0*)?|[0-9]{1,2}([.][0-9]*)?)%$|^[+]?(0*1([.]0*)?|0*([.][0-9]*)?)$|^[+]?[0-9.]+[eE][-+]?[0-9]+%?$"

    private static func pattern(_ pattern: String) -> JSONValue {
        .members(["type": .text("string"), "pattern": .text(pattern + "|\\$\\{")])
    }

    private static func either(_ one: JSONValue, _ other: JSONValue) -> JSONValue { .members(["anyOf": .list([one, other])]) }
}
