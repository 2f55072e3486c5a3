package import SluiceConfig
package import SluiceRules

extension RuleConfiguration {
    /// Largest rule file.
    package static let bytesMax = 1 << 20

    /// Reads the rule's file.
    package func readSource() throws(ConfigError) -> RuleSource {
        let text = try SmallFile.read(path, bytesMax: Self.bytesMax)
        guard text.first != 0x1B else {
            throw ConfigError(.malformed, "rule `\(file)` is compiled Lua; rules are loaded from their source text only")
        }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return RuleSource(name: name, folder: folder, text: text, api: api, onError: onError, inputs: inputs, path: path)
    }
}
