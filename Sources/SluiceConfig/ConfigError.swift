/// A configuration that cannot be taken as it is.
package struct ConfigError: Error, Equatable, Sendable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        case unknownName, unknownOption, invalidValue, missingOption, malformed, notBuiltIn
        /// A file that is named cannot be read.
        case unreadable
        /// A name or key that stands twice.
        case duplicate
        /// A limit of size, count or depth was passed.
        case tooLarge
    }

    package let code: Code
    /// A sentence for the user, lower-case and without full stop.
    package let message: String
    /// The option that it is about, as in `listen` or `tls.certificate`: the problem then points there.
    package let key: String?

    /// An error.
    package init(_ code: Code, _ message: String, key: String? = nil) {
        self.code = code
        self.message = message
        self.key = key
    }

    /// The same error, about this option when it names none.
    package func about(_ key: String) -> ConfigError { self.key == nil ? ConfigError(code, message, key: key) : self }
}
