/// Markdown of declared options, for reference pages.
package enum OptionReference {
    /// One list item an option; those of a group stand indented below it.
    package static func list(_ specs: [OptionSpec], margin: String = "") -> String {
        specs.map { item($0, margin) }.joined()
    }

    private static func item(_ spec: OptionSpec, _ margin: String) -> String {
        var text = "\(margin)- `\(spec.key)` (\(form(spec.kind))\(note(spec))): \(spec.summary)."
        let inner = margin + "  "
        switch spec.kind {
        case .group(let members): return text + "\n" + list(members, margin: inner)
        case .variant(let variants):
            text += " For example `\(spec.key): \(spec.example)`.\n"
            for variant in variants {
                text += "\(inner)- `\(variant.name)`: \(variant.summary)\(variant.options.isEmpty ? "." : ", with the options:")\n"
                text += list(variant.options, margin: inner + "  ")
            }
            return text
        default:
            text += " For example `\(spec.key): \(spec.example)`."
            if let key = spec.fileKey { text += " `\(key)` reads it from a file." }
            return text + "\n"
        }
    }

    private static func note(_ spec: OptionSpec) -> String {
        if spec.isRequired { return ", required" }
        return spec.standard.map { ", `\($0)` by default" } ?? ""
    }

    private static func form(_ kind: OptionSpec.Kind) -> String {
        switch kind {
        case .text: "text"
        case .boolean: "`true` or `false`"
        case .integer(let range): "number from \(range.lowerBound) to \(range.upperBound)"
        case .size(let range): "size from \(SizeText.text(range.lowerBound)) to \(SizeText.text(range.upperBound))"
        case .duration(let range):
            "duration from \(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
        case .fraction: "part such as `5%`"
        case .character: "one ASCII character"
        case .list, .texts: "list of texts"
        case .choice(let names): names.map { "`\($0)`" }.joined(separator: ", ")
        case .group: "mapping"
        case .variant: "name, or mapping with `type`"
        }
    }
}
