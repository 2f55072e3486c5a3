package import CSluice
package import SluiceComponent
package import SluiceConfig

/// One line per event by a template: `text:{timestamp:%H:%M:%S} {hostname} {message}`.
///
/// Everything behind the first colon is the template (see ``Template``). Line ends inside values are written `\n` and `\r` and
/// counted as altered; other bytes go out as they are.
package struct TextEncoder: Encoder {
    /// Name in configuration.
    package static let kind = "text"

    package private(set) var counts = EncodingCounts()
    private let template: Template

    /// Names of the fields that the template shows, as written.
    package var fieldNames: [String] { template.fieldNames }

    /// An encoder for a template.
    package init(_ template: Template) { self.template = template }

    /// An encoder for the text behind `text:`.
    package init(template text: String?, inputs: [String]) throws(ConfigError) {
        guard let text, !text.isEmpty else {
            throw ConfigError(
                .missingOption, "encoding `text` has no template; write it behind a colon: `text:{hostname} {message}`")
        }
        do {
            template = try Template(text, inputs: inputs)
        } catch {
            throw ConfigError(.malformed, "template `\(text)`, column \(error.position + 1): \(error.message)")
        }
    }

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        counts.valuesAltered += template.append(event, of: batch, to: output, place: .line, zone: nil)
        sl_buffer_append_byte(output, 0x0A)
    }
}
