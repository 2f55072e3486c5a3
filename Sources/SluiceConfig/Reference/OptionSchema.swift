/// JSON Schema (draft 2020-12) of declared options, for editors.
///
/// It accepts what the program accepts as far as one value goes: ranges of sizes and durations, and options that need each
/// other, are left to `sluice check`. A text with `${…}` is right everywhere.
package enum OptionSchema {
    /// A text with a variable in it.
    private static let reference = JSONValue.members(["type": .text("string"), "pattern": .text("\\$\\{")])
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
        return schema.adding(["properties": .object(properties), "additionalProperties": .boolean(false)])
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
        case .text, .character: return .members(["type": scalar])
        case .boolean:
            return either(.members(["type": .text("boolean")]), pattern("^(true|false|yes|no|on|off)$"))
        case .integer(let range):
            return either(
                .members(["type": .text("integer"), "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]),
                pattern("^[+-]?[0-9]+$"))
        case .size(let range):
            return either(
                .members(["type": .text("integer"), "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]),
                pattern("^[0-9]+(B|KiB|MiB|GiB|TiB)?$"))
        case .duration: return .members(["type": .text("string"), "pattern": .text("^[0-9]+(ns|us|ms|s|m|h|d)$|\\$\\{")])
        case .fraction(let range):
            return either(
                .members(["type": .text("number"), "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]),
                pattern("^[0-9.]+%?$"))
        case .choice(let names):
            let natives: [JSONValue] = names.contains("true") && names.contains("false") ? [.boolean(true), .boolean(false)] : []
            return either(.members(["enum": .list(names.map { .text($0) } + natives)]), reference)
        case .texts, .list:
            return either(.members(["type": .text("array"), "items": .members(["type": scalar])]), .members(["type": scalar]))
        case .group(let specs): return object(specs)
        case .variant(let variants):
            let forms = variants.map { variant in
                let name = JSONValue.members(["const": .text(variant.name), "description": .text(variant.summary)])
                return object(variant.options, first: [JSONValue.Member(name: "type", value: name)], required: ["type"])
            }
            let names = variants.map(\.name).joined(separator: "|")
            return .members(["anyOf": .list([pattern("^(\(names))(:.*)?$")] + forms)])
        }
    }

    private static func pattern(_ pattern: String) -> JSONValue {
        .members(["type": .text("string"), "pattern": .text(pattern + "|\\$\\{")])
    }

    private static func either(_ one: JSONValue, _ other: JSONValue) -> JSONValue { .members(["anyOf": .list([one, other])]) }
}
