package import SluiceConfig

/// The little of a configuration that one needs to find a running service, read from a file of which nothing else has to be right,
/// not even its YAML: with a broken configuration on disk one wants to ask the service all the more, and its refusal is for `reload`
/// to tell.
package struct ConfigurationGlance: Sendable, Equatable {
    /// The data directory, as it is opened.
    package let dataFolder: String
    /// Files of rules, as they are opened, by the rules' names; empty when the file is no YAML.
    package let rules: [String: String]

    /// Looks at a file.
    package init(of file: String, variable: @escaping (String) -> String? = ConfigReading.environment) throws(ConfigError) {
        let reading = ConfigReading(folder: Self.folder(of: file), variable: variable)
        let bytes = try reading.read(file, bytesMax: ConfigReading.fileBytesMax)
        let root = YAMLReader.node(of: bytes, path: file, secretKeys: [], in: reading)
        let named = root.map { Self.text($0, "data_dir") } ?? Self.lineOfDataFolder(String(decoding: bytes, as: UTF8.self))
        dataFolder = reading.path(
            try named.map { text throws(ConfigError) in try EnvironmentText.expanded(text, variable) }
                ?? ServiceOptions.dataFolder)
        var rules: [String: String] = [:]
        for node in root.map({ Self.rules($0) }) ?? [] {
            let written: String? = if case .scalar(let text, _) = node.content { text } else { Self.text(node, "file") }
            guard let file = written.flatMap({ try? EnvironmentText.expanded($0, variable) }) else { continue }
            let name = Self.text(node, "name") ?? file.split(separator: "/").last.map(String.init) ?? file
            rules[name] = reading.path(file)
        }
        self.rules = rules
    }

    /// The folder that a configuration's relative paths begin at.
    static func folder(of file: String) -> String {
        file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
    }

    private static func value(_ node: ConfigNode, _ key: String) -> ConfigNode? {
        node.members?.first { $0.key == key }?.value
    }

    private static func text(_ node: ConfigNode, _ key: String) -> String? {
        if case .scalar(let text, _) = value(node, key)?.content { return text }
        return nil
    }

    private static func rules(_ root: ConfigNode) -> [ConfigNode] {
        if case .list(let nodes) = value(root, "rules")?.content { return nodes }
        return []
    }

    /// The value of the line `data_dir: VALUE` of a text that is no YAML.
    private static func lineOfDataFolder(_ text: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("data_dir:") {
            var value = line.dropFirst("data_dir:".count).drop { $0 == " " || $0 == "\t" }
            if let comment = value.firstRange(of: " #") { value = value[..<comment.lowerBound] }
            while let last = value.last, last == " " || last == "\t" { value.removeLast() }
            if value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote {
                value = value.dropFirst().dropLast()
            }
            return value.isEmpty ? nil : String(value)
        }
        return nil
    }
}
