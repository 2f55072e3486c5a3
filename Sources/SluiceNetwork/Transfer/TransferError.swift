/// Why two Sluices do not understand each other, as it goes over the wire (SluiceProtocol.md) and into the log.
package struct TransferError: Error, Equatable, Sendable {
    /// What kind of fault; the numbers are those of the wire and never change.
    package enum Code: UInt16, Sendable, CaseIterable {
        /// The peer speaks another protocol altogether.
        case foreign = 1
        /// Another version of the protocol.
        case version = 2
        case token = 3
        /// A frame above the receiver's limit.
        case tooLarge = 4
        /// A frame that breaks the protocol.
        case malformed = 5
        case checksum = 6
        /// A frame out of order.
        case sequence = 7
        /// A compression that the receiver does not know.
        case compression = 8
        /// The same sender has connected anew.
        case superseded = 9
        /// The receiver ends.
        case ending = 10
        /// A code of a later version.
        case other = 0xFFFF
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
