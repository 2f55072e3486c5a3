import SluiceConfig
import SluiceInputs
import SluiceOutputs

/// The JSON Schema of `sluice.yaml`, made from the declarations.
package enum ConfigurationSchema {
    /// Pattern of the names of components.
    private static let namePattern = "^[A-Za-z_][A-Za-z0-9_-]*$"

    /// The schema as text.
    package static func text(_ catalogues: ComponentCatalogues = ComponentCatalogues()) -> String {
        let inputs = catalogues.inputs.map { (kind: $0.kind, summary: $0.summary, options: $0.options) }
        let outputs = catalogues.outputs.map { (kind: $0.kind, summary: $0.summary, options: ServiceOptions.output(of: $0)) }
        let sections: [JSONValue] = [
            components(inputs, max: ServiceOptions.inputsMax, names: [:]), rules,
            components(outputs, max: ServiceOptions.outputsMax, names: ["not": .members(["enum": .texts(ServiceOptions.reservedNames)])]),
        ]
        var properties: [JSONValue.Member] = []
        for (section, schema) in zip(ServiceOptions.sections, sections) {
            guard case .object(let members) = schema else { continue }
            let summary = JSONValue.Member(name: "description", value: .text(section.summary))
            properties.append(JSONValue.Member(name: section.key, value: .object([summary] + members)))
        }
        let schema = OptionSchema.object(ServiceOptions.root, first: properties, required: ["inputs", "outputs"])
        guard case .object(let members) = schema else { return "" }
        let head: JSONValue = .members([
            "$schema": .text("https://json-schema.org/draft/2020-12/schema"), "title": .text("Configuration of Sluice (sluice.yaml)"),
        ])
        guard case .object(let first) = head else { return "" }
        return JSONValue.object(first + members).rendered() + "\n"
    }

    private static func components(
        _ entries: [(kind: String, summary: String, options: [OptionSpec])], max: Int, names: KeyValuePairs<String, JSONValue>
    ) -> JSONValue {
        let kinds = entries.map { JSONValue.members(["const": .text($0.kind), "description": .text($0.summary)]) }
        let choice: JSONValue =
            kinds.isEmpty ? .members(["type": .text("string")]) : .members(["oneOf": .list(kinds + [OptionSchema.reference])])
        let conditions = entries.map { entry in
            let kind = JSONValue.members(["const": .text(entry.kind)])
            return JSONValue.members([
                "if": .members(["properties": .members(["type": kind]), "required": .texts(["type"])]),
                "then": OptionSchema.object(entry.options, first: [JSONValue.Member(name: "type", value: kind)]),
            ])
        }
        let component = JSONValue.members([
            "type": .text("object"), "required": .texts(["type"]), "properties": .members(["type": choice]),
            "allOf": .list(conditions.isEmpty ? [.members([:])] : conditions),
        ])
        let name = JSONValue.members([
            "pattern": .text(namePattern), "maxLength": .integer(ServiceOptions.nameCharactersMax),
        ]).adding(names)
        return .members([
            "type": .text("object"), "minProperties": .integer(1), "maxProperties": .integer(max), "propertyNames": name,
            "additionalProperties": component,
        ])
    }

    private static var rules: JSONValue {
        let rule: JSONValue = .members(["anyOf": .list([.members(["type": .text("string")]), OptionSchema.object(ServiceOptions.rule)])])
        let list: JSONValue = .members([
            "type": .text("array"), "maxItems": .integer(ServiceOptions.rulesMax), "items": rule,
        ])
        return .members(["anyOf": .list([list, .members(["type": .texts(["string", "null"])])])])
    }
}
