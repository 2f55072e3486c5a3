import SluiceEngine

/// The configuration as it is named on the command line or found without a name.
enum ConfigurationArgument {
    /// The file of `-c`, `$SLUICE_CONFIG` or the first standard one that exists.
    static func file(_ named: String?) throws -> String {
        if let file = ServiceConfiguration.find(named) { return file }
        let places = ServiceConfiguration.standardFiles.map { "`\($0)`" }.joined(separator: " nor ")
        throw Terminal.fail(
            "there is no configuration: neither \(places) exists; name one with `-c FILE` or in `SLUICE_CONFIG`", .missing)
    }
}
