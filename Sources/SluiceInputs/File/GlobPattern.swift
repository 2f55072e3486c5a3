import Glibc

/// A path with wildcards: `*`, `?` and `[…]` within a name, `**` for any number of folders. A leading dot is matched by a dot only.
struct GlobPattern: Equatable, Sendable {
    enum Component: Equatable, Sendable {
        /// A name as it stands.
        case name(String)
        /// A name with wildcards.
        case wild(String)
        /// Any folders, or none.
        case anyDepth
    }

    /// The pattern as an absolute path.
    let text: String
    let components: [Component]

    /// A pattern; a relative one begins at `folder`.
    init(_ text: String, folder: String) {
        let path = text.hasPrefix("/") ? text : folder + "/" + text
        let parts = path.split(separator: "/").map(String.init).filter { $0 != "." }
        var components: [Component] = []
        for part in parts {
            if part == "**" {
                if components.last != .anyDepth { components.append(.anyDepth) }
            } else {
                components.append(part.contains { "*?[\\".contains($0) } ? .wild(part) : .name(part))
            }
        }
        // What ends in `**` means all files below.
        if components.last == .anyDepth { components.append(.wild("*")) }
        self.components = components
        self.text = "/" + parts.joined(separator: "/")
    }

    /// Whether an absolute path fits.
    func matches(_ path: String) -> Bool {
        Self.matches(path.split(separator: "/").map(String.init)[...], components[...])
    }

    /// Whether a name fits a pattern without `/`.
    static func matches(name: String, _ pattern: String) -> Bool { fnmatch(pattern, name, FNM_PERIOD) == 0 }

    private static func matches(_ names: ArraySlice<String>, _ components: ArraySlice<Component>) -> Bool {
        guard let component = components.first else { return names.isEmpty }
        let rest = components.dropFirst()
        switch component {
        case .anyDepth:
            return names.indices.contains { matches(names[$0...], rest) } || (names.isEmpty && rest.isEmpty)
        case .name(let name): return names.first == name && matches(names.dropFirst(), rest)
        case .wild(let pattern):
            guard let name = names.first else { return false }
            return matches(name: name, pattern) && matches(names.dropFirst(), rest)
        }
    }
}
