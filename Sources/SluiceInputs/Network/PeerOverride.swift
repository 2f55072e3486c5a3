package import SluiceConfig
package import SluiceNetwork

/// What differs for the peers of one block of addresses: `10.1.0.0/16 timezone=Europe/Berlin charset=gbk`.
package struct PeerOverride: Sendable {
    /// What may differ.
    package enum Key: String, CaseIterable, Sendable {
        case timezone, charset, format
    }

    package let block: IPBlock
    package let values: [Key: String]

    /// Reads an item of the option `peers`.
    package init(_ text: String) throws(ConfigError) {
        let words = text.split(separator: " ").map(String.init)
        guard let first = words.first, let block = IPBlock(first) else {
            throw ConfigError(
                .invalidValue,
                "`\(text)` of `peers` does not begin with a block of addresses such as `10.1.0.0/16` or `2001:db8::1`", key: "peers")
        }
        self.block = block
        var values: [Key: String] = [:]
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let key = Key(rawValue: parts[0]) else {
                throw ConfigError(
                    .unknownOption,
                    OptionValues.unknown(parts[0], in: Key.allCases.map(\.rawValue), what: "setting", of: "`\(text)` in `peers`"),
                    key: "peers")
            }
            guard parts.count == 2, !parts[1].isEmpty else {
                throw ConfigError(
                    .invalidValue, "`\(text)` of `peers` gives `\(key.rawValue)` no value; write `\(key.rawValue)=VALUE`", key: "peers")
            }
            guard values.updateValue(parts[1], forKey: key) == nil else {
                throw ConfigError(.duplicate, "`\(text)` of `peers` gives `\(key.rawValue)` twice", key: "peers")
            }
        }
        guard !values.isEmpty else {
            throw ConfigError(
                .invalidValue, "`\(text)` of `peers` says nothing of these peers; add `timezone=`, `charset=` or `format=`", key: "peers")
        }
        self.values = values
    }
}
