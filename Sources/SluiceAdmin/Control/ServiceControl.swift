/// What the running service can be asked and told from outside: the one thing that the administration server knows of it.
///
/// Calls come from the threads of the server's pool, several at a time; each may block. Every call returns soon after the service
/// has begun to stop, with what it has by then.
package protocol ServiceControl: AnyObject, Sendable {
    /// What the service is doing now. Asked once per scrape or report; has to be cheap enough for once a second.
    func status() -> ServiceStatus

    /// Loads rules and configuration from disk as a change of the files would, at once, and answers when it is decided. A reload
    /// that is under way already is waited for first. With `dryRun` every step is taken but the last one.
    func reload(dryRun: Bool) -> ReloadVerdict

    /// Sends dead letters through the rules of today and removes each one whose events were answered. Answers when every
    /// selected letter has been taken by a lane.
    func redrive(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport

    /// Removes dead letters for good.
    func purge(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport

    /// Closes and opens the files of outputs, as after a rotation.
    func reopen()
}

/// Which dead letters are meant.
package enum DeadLetterSelection: Sendable, Equatable {
    /// These; ids that do not exist are answered as unknown.
    case ids([Int64])
    /// Written before that moment, nanoseconds since 1970 UTC.
    case before(Int64)
    case all
}

/// What became of a selection of dead letters.
package struct DeadLetterReport: Sendable, Equatable {
    /// Letters that were redriven or purged.
    package var count: Int
    /// Ids that are no dead letter.
    package var unknown: [Int64]

    /// A report.
    package init(count: Int, unknown: [Int64] = []) {
        self.count = count
        self.unknown = unknown
    }
}

/// Why the service cannot do what it was asked.
package struct ControlError: Error, Equatable, Sendable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        /// The service is stopping.
        case stopping
        /// The store cannot be read or written.
        case storage
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
