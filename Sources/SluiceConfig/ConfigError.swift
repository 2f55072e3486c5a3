/// A configuration that cannot be taken as it is.
package struct ConfigError: Error, Equatable, Sendable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        case unknownName, unknownOption, invalidValue, missingOption, malformed, notBuiltIn
    }

    package let code: Code
    /// A sentence for the user, lower-case and without full stop.
    package let message: String

    /// An error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
