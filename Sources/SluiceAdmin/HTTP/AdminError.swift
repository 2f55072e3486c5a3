/// Why the administration server cannot be started or reached.
package struct AdminError: Error, Equatable, Sendable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        /// The path of the socket does not fit into an address.
        case pathTooLong
        /// Somebody else listens there.
        case inUse
        case notPermitted
        /// Nobody listens there.
        case notRunning
        /// Somebody listens and does not answer in time, or not with HTTP.
        case noAnswer
        /// The setting cannot be taken as it is.
        case invalidSetting
        /// The operating system refuses.
        case cannotListen
    }

    package let code: Code
    /// A sentence for the user, lower-case and without full stop.
    package let message: String

    /// An error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The exit status that this error gives a verb.
    package var exitStatus: Int32 {
        switch code {
        case .notRunning, .noAnswer: 69
        case .notPermitted: 77
        case .pathTooLong, .invalidSetting: 78
        case .inUse, .cannotListen: 73
        }
    }
}
