import Glibc
package import SluiceConfig
package import SluiceInputs
package import SluiceOutputs

/// The kinds of components that a configuration may use.
package struct ComponentCatalogues: Sendable {
    package let inputs: [InputCatalogue.Entry]
    package let outputs: [OutputCatalogue.Entry]

    /// Catalogues, those of the program unless others are given.
    package init(
        inputs: [InputCatalogue.Entry] = InputCatalogue.entries, outputs: [OutputCatalogue.Entry] = OutputCatalogue.entries
    ) {
        self.inputs = inputs
        self.outputs = outputs
    }
}

extension ServiceConfiguration {
    /// Where a configuration is looked for when neither `-c` nor `$SLUICE_CONFIG` names one.
    package static let standardFiles = ["sluice.yaml", "/etc/sluice/sluice.yaml"]

    /// The configuration file: the one that is named, else `$SLUICE_CONFIG`, else the first standard one that exists.
    package static func find(
        _ named: String?, variable: (String) -> String? = ConfigReading.environment,
        exists: (String) -> Bool = { access($0, F_OK) == 0 }
    ) -> String? {
        if let named { return named }
        if let file = variable("SLUICE_CONFIG"), !file.isEmpty { return file }
        return standardFiles.first(where: exists)
    }

    /// Reads and checks a configuration. All problems are found in one run; opens nothing but the files that it reads.
    package static func load(
        _ file: String, catalogues: ComponentCatalogues = ComponentCatalogues(),
        variable: @escaping (String) -> String? = ConfigReading.environment
    ) throws(ConfigProblems) -> ServiceConfiguration {
        let reading = ConfigReading(folder: ConfigurationGlance.folder(of: file), variable: variable)
        let bytes: [UInt8]
        do throws(ConfigError) {
            bytes = try reading.read(file, bytesMax: ConfigReading.fileBytesMax)
        } catch {
            reading.refuse(error.code, error.message, at: nil)
            throw ConfigProblems(reading.finish(), files: reading.files)
        }
        return try read(bytes, file: file, catalogues: catalogues, reading: reading)
    }

    /// Checks the bytes of a configuration file.
    package static func read(
        _ bytes: [UInt8], file: String, catalogues: ComponentCatalogues, reading: ConfigReading
    ) throws(ConfigProblems) -> ServiceConfiguration {
        let keys = catalogues.secretKeys
        if let root = YAMLReader.node(of: bytes, path: file, secretKeys: keys, in: reading) {
            var reader = ConfigurationReader(file: file, catalogues: catalogues, reading: reading)
            if let configuration = reader.read(root) { return configuration }
        }
        throw ConfigProblems(reading.finish(), files: reading.files)
    }
}

extension ComponentCatalogues {
    /// Keys of all options whose values must not be shown, and of the twins of none.
    var secretKeys: [String] {
        let own = inputs.flatMap { $0.options.secretKeys } + outputs.flatMap { $0.options.secretKeys }
        return own + (ServiceOptions.root + ServiceOptions.rule + ServiceOptions.output).secretKeys
    }
}
