/// Why the service cannot start or cannot go on.
package struct ServiceError: Error, Sendable, Equatable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        /// Rules or configuration are refused and there is no earlier generation.
        case cannotLoad
        case cannotCreate
        case notPermitted
        /// Another service has the same `data_dir`.
        case alreadyRunning
    }

    package let code: Code
    /// A sentence for the user, lower-case and without full stop; may have further lines that show the place.
    package let message: String

    /// An error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The exit status of `run`.
    package var exitStatus: Int32 {
        switch code {
        case .cannotLoad: 78
        case .cannotCreate, .alreadyRunning: 73
        case .notPermitted: 77
        }
    }
}
