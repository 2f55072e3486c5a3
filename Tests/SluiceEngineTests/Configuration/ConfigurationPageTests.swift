import Foundation
import Testing

@testable import SluiceConfig
@testable import SluiceEngine
@testable import SluiceInputs
@testable import SluiceOutputs

@Suite struct ConfigurationPageTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Sources/SluiceCommands/Documentation.docc/Configuration.md").standardized

    @Test func `the reference page is what the declarations say`() throws {
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try ConfigurationPage.text().write(to: Self.page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(
            written == ConfigurationPage.text(),
            "the page is stale; UPDATE_GOLDEN=1 swift test --filter ConfigurationPageTests rewrites it")
    }

    @Test func `every example of a component is a right configuration of it`() throws {
        let catalogues = ComponentCatalogues()
        for entry in catalogues.inputs {
            let use = ConfigurationPage.use(of: entry.example, in: "inputs")
            try Self.check(use + "\noutputs: { out: { type: test } }\n", inputs: catalogues.inputs, outputs: [Self.anyOutput])
        }
        for entry in catalogues.outputs {
            let use = ConfigurationPage.use(of: entry.example, in: "outputs")
            try Self.check(
                use + "\ninputs: { in: { type: file, include: /a } }\n", inputs: TestComponents.catalogues.inputs,
                outputs: catalogues.outputs)
        }
    }

    private static var anyOutput: OutputCatalogue.Entry {
        OutputCatalogue.Entry(
            kind: "test", summary: "", promise: "", options: [], example: "",
            make: TestComponents.catalogues.outputs.last!.make)
    }

    private static func check(_ yaml: String, inputs: [InputCatalogue.Entry], outputs: [OutputCatalogue.Entry]) throws {
        let reading = ConfigReading(folder: ".") { _ in "x" }
        do {
            _ = try ServiceConfiguration.read(
                Array(yaml.utf8), file: "example.yaml", catalogues: ComponentCatalogues(inputs: inputs, outputs: outputs), reading: reading)
        } catch {
            Issue.record("\(error.rendered())")
        }
    }

    @Test func `an option that an output declares itself takes the place of the one that every output has`() {
        for entry in ComponentCatalogues().outputs {
            let keys = ServiceOptions.output(of: entry).writtenKeys
            #expect(Set(keys).count == keys.count, "\(entry.kind)")
            #expect(!keys.contains("type"), "\(entry.kind)")
            #expect(keys.contains("encoding") == !entry.hasOwnEncoding, "\(entry.kind)")
        }
    }

    @Test func `every default is a value of its option`() {
        func check(_ specs: [OptionSpec], _ owner: String) {
            #expect(Set(specs.writtenKeys).count == specs.writtenKeys.count, "\(owner)")
            for spec in specs {
                if case .group(let members) = spec.kind { check(members, spec.key) }
                if case .variant(let variants) = spec.kind { for variant in variants { check(variant.options, variant.name) } }
                guard let standard = spec.standard else { continue }
                #expect(OptionValues.refusal(of: standard, spec.kind) == nil, "\(owner).\(spec.key)")
            }
        }
        check(ServiceOptions.root, "root")
        check(ServiceOptions.rule, "rule")
        check(ServiceOptions.output, "output")
        for entry in ComponentCatalogues().inputs { check(entry.options, entry.kind) }
        for entry in ComponentCatalogues().outputs { check(entry.options, entry.kind) }
    }
}
