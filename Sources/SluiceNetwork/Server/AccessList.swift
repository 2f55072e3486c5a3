package import SluiceConfig

/// Which peers may send: blocks of addresses, or everybody.
package struct AccessList: Sendable, Equatable {
    private let blocks: [IPBlock]

    /// A list; an empty one lets everybody in.
    package init(_ blocks: [IPBlock] = []) { self.blocks = blocks }

    /// Reads the blocks of option `key`.
    package init(_ texts: [String], key: String) throws(ConfigError) {
        var blocks: [IPBlock] = []
        for text in texts {
            guard let block = IPBlock(text) else {
                throw ConfigError(
                    .invalidValue,
                    "`\(text)` is no block of addresses for `\(key)`; it takes one such as `192.0.2.0/24`, `2001:db8::/32` or `192.0.2.7`, without bits behind the prefix",
                    key: key)
            }
            blocks.append(block)
        }
        self.init(blocks)
    }

    /// Whether everybody is let in.
    package var isEmpty: Bool { blocks.isEmpty }

    /// Whether a peer is let in. Those of Unix sockets have no address: the socket's mode decides who may connect.
    package func allows(_ address: IPAddress?) -> Bool {
        guard !blocks.isEmpty, let address else { return true }
        return blocks.contains { $0.contains(address) }
    }
}
