import CSluice

/// What this program is.
package enum Version {
    /// Of Sluice.
    package static let number = "0.1.0"
    /// Of the Lua it runs.
    package static let lua = "5.4"

    /// Package traits that this build has.
    package static var features: [String] {
        var features: [String] = []
        #if Regex
            features.append("Regex")
        #endif
        #if Zstd
            features.append("Zstd")
        #endif
        return features
    }

    /// One line that says it all.
    package static var line: String {
        "sluice \(number) (Lua \(lua); features: \(features.isEmpty ? "none" : features.joined(separator: ", ")))"
    }
}
