import SluiceComponent
import SluiceNetwork

/// What keeps frames from being acknowledged.
struct SluiceFault: Error, Equatable {
    let code: OutputError.Code
    /// A sentence for the user, with the receiver's address.
    let message: String
    /// Whether trying again cannot help.
    var isPermanent = false

    /// A fault of the connection.
    init(_ error: NetworkError, _ address: NetworkAddress? = nil) {
        code = error.code == .stopped ? .stopped : .cannotWrite
        message = address.map { "\($0.text): \(error.message)" } ?? error.message
    }

    /// What the receiver or the protocol says.
    init(_ error: TransferError, _ address: NetworkAddress) {
        code = error.code == .token ? .notPermitted : .cannotWrite
        let what = error.code == .foreign ? "what answers is no `type: sluice` input" : error.message
        message = "\(address.text): \(what)"
        isPermanent = error.code == .tooLarge
    }

    /// As outputs throw it.
    var outputError: OutputError { OutputError(code: code, message: message, isPermanent: isPermanent) }
}
