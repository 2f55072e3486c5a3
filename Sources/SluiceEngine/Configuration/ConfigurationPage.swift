import SluiceConfig
import SluiceInputs
import SluiceOutputs

/// The reference page of the configuration, made from the declarations.
package enum ConfigurationPage {
    /// Markdown for the documentation catalogue.
    package static func text(_ catalogues: ComponentCatalogues = ComponentCatalogues()) -> String {
        var page = """
            # Configuration reference

            Every option of `sluice.yaml`. How to write the file is in <doc:WritingConfiguration>.

            <!-- Made from the declarations in Sources; UPDATE_GOLDEN=1 swift test --filter ConfigurationPageTests rewrites it. -->

            ## At the top of the file


            """
        for section in ServiceOptions.sections { page += "- `\(section.key)`: \(section.summary).\n" }
        page += OptionReference.list(ServiceOptions.root)
        page += "\n## Rules\n\nA rule is a file name, or a mapping with these options:\n\n" + OptionReference.list(ServiceOptions.rule)
        page += "\n## Inputs\n\nAn input has a name and a `type`:\n"
        for entry in catalogues.inputs { page += section("inputs", entry.kind, entry.summary, entry.promise, entry.options, entry.example) }
        page += "\n## Outputs\n\nAn output has a name and a `type`. Every output has these options:\n\n"
        page += OptionReference.list(ServiceOptions.output)
        for entry in catalogues.outputs {
            page += section("outputs", entry.kind, entry.summary, entry.promise, entry.options, entry.example)
        }
        return page
    }

    private static func section(
        _ group: String, _ kind: String, _ summary: String, _ promise: String, _ options: [OptionSpec], _ example: String
    ) -> String {
        let list = options.isEmpty ? "It has no options of its own.\n" : OptionReference.list(options)
        return "\n### \(kind)\n\n\(sentence(summary))\n\n\(sentence(promise))\n\n\(list)\n```yaml\n\(use(of: example, in: group))\n```\n"
    }

    /// A component's example as a part of a file.
    static func use(of example: String, in group: String) -> String {
        if example.hasPrefix("{") { return "\(group):\n  NAME: \(example)" }
        let lines = example.split(separator: "\n").map { "    " + $0 }
        return (["\(group):", "  NAME:"] + lines).joined(separator: "\n")
    }

    private static func sentence(_ text: String) -> String {
        let text = text.prefix(1).uppercased() + text.dropFirst()
        return text.hasSuffix(".") ? text : text + "."
    }
}
