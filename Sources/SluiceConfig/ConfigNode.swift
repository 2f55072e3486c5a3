/// A value of a configuration file, before it is known what it is for.
package struct ConfigNode: Sendable {
    /// What stands there.
    package indirect enum Content: Sendable {
        /// A text, a number, a boolean. `isQuoted`: it stands in quotes or is a block of text, so it is a text for certain.
        case scalar(String, isQuoted: Bool)
        /// Nothing, `~` or `null`.
        case null
        case list([ConfigNode])
        /// In the order of the file; no key stands twice.
        case mapping([ConfigMember])
    }

    package let content: Content
    package let place: ConfigPlace

    /// A value.
    package init(_ content: Content, at place: ConfigPlace) {
        self.content = content
        self.place = place
    }

    /// The members of a mapping; nil of anything else.
    package var members: [ConfigMember]? {
        if case .mapping(let members) = content { return members }
        return nil
    }

    /// What the value is, for messages.
    package var kindText: String {
        switch content {
        case .scalar(let text, let isQuoted):
            if isQuoted { return "a text" }
            if OptionValues.boolean(text) != nil { return "a boolean" }
            return Double(text) == nil ? "a text" : "a number"
        case .null: return "nothing"
        case .list: return "a list"
        case .mapping: return "a mapping"
        }
    }
}

/// A key of a mapping and what it stands for.
package struct ConfigMember: Sendable {
    package let key: String
    /// Where the key stands.
    package let place: ConfigPlace
    package let value: ConfigNode

    /// A member.
    package init(_ key: String, at place: ConfigPlace, _ value: ConfigNode) {
        self.key = key
        self.place = place
        self.value = value
    }
}
