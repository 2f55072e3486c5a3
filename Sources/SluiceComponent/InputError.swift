/// Why an input cannot be read, or not any further.
package struct InputError: Error, Equatable, Sendable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        case missing, notPermitted, directory, corrupt, cutOff, notBuiltIn, unreadable, oversizeFrame
    }

    package let code: Code
    /// A sentence for the user, lower-case and without full stop.
    package let message: String

    /// An error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The exit status that this error gives a program that cannot go on.
    package var exitStatus: Int32 {
        switch code {
        case .missing, .directory: 66
        case .notPermitted: 77
        case .notBuiltIn: 78
        case .corrupt, .cutOff, .unreadable, .oversizeFrame: 74
        }
    }
}
