import Glibc

/// Why an output cannot be written.
package struct OutputError: Error, Equatable, Sendable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        case cannotCreate, cannotWrite, notPermitted
        /// The reader of a pipe went away: the end of a pipeline and no fault.
        case closed
        /// The program is to end: a wait was cut short.
        case stopped
    }

    package let code: Code
    /// A sentence for the user, lower-case and without full stop.
    package let message: String
    /// Whether trying again cannot help: the data itself is refused (a value in a path that names a folder). It concerns only the
    /// part of the parcel that comes next (`Parcel.partsWritten`); those behind it may well be written.
    package let isPermanent: Bool

    /// An error.
    package init(code: Code, message: String, isPermanent: Bool = false) {
        self.code = code
        self.message = message
        self.isPermanent = isPermanent
    }

    /// The exit status that this error gives a program that cannot go on.
    package var exitStatus: Int32 {
        switch code {
        case .cannotCreate: 73
        case .cannotWrite: 74
        case .notPermitted: 77
        case .closed, .stopped: 0
        }
    }

    /// The error behind `errno` after an attempt to `action` (“create”, “write”) a path.
    package static func system(_ action: String, _ path: String, _ number: Int32) -> OutputError {
        let reason = String(cString: strerror(number))
        let code: Code =
            switch (number, action) {
            case (EPIPE, _): .closed
            case (EACCES, _), (EPERM, _): .notPermitted
            case (_, "create"): .cannotCreate
            default: .cannotWrite
            }
        let advice = action == "create" && number == ENOENT ? "; make its folder first" : ""
        return OutputError(code: code, message: "cannot \(action) `\(path)`: \(reason)\(advice)")
    }
}
