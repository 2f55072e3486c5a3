package import SluiceComponent
package import SluiceConfig

/// Encodings as a configuration file names them: `text:{message}`, or `{ type: text, template: "{message}" }`.
extension EncoderCatalogue {
    /// The option that holds what stands behind the colon.
    private static let freeTextKey = "template"

    /// Every encoding with its options.
    package static let variants: [OptionVariant] = entries.map { entry in
        guard entry.freeText != nil else { return OptionVariant(entry.name, entry.summary, options: entry.options) }
        let template = OptionSpec(
            freeTextKey, .text, "the line with fields in it", example: "\"{timestamp} {hostname} {message}\"", isRequired: true)
        return OptionVariant(entry.name, entry.summary, options: [template], freeText: freeTextKey)
    }

    /// An encoder by name with checked options.
    package static func make(_ name: String, values: OptionValues, inputs: [String]) throws(ConfigError) -> any Encoder {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw ConfigError(.unknownName, OptionValues.unknown(name, in: entries.map(\.name), what: "encoding", of: nil))
        }
        return try entry.make(entry.freeText == nil ? nil : values.text(freeTextKey), values, inputs)
    }

    /// Names of the fields that an encoder with a template shows, as written.
    package static func fieldNames(_ name: String, values: OptionValues) throws(ConfigError) -> [String] {
        let encoder = try make(name, values: values, inputs: [])
        return (encoder as? TextEncoder)?.fieldNames ?? []
    }
}
