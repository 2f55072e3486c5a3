/// Why a connection of the forward protocol is closed. What its sender asked an acknowledgement for is not acknowledged: it keeps it.
struct ForwardRefusal: Error, Equatable {
    /// What is counted.
    enum Kind: Hashable {
        /// A message that is damaged, too large or cannot be unpacked.
        case chunk
        /// Wrong key, user or password.
        case authentication
        /// No forward protocol at all.
        case foreign
    }

    let kind: Kind
    /// What happened and what to do, lower-case and without full stop.
    let reason: String

    /// A message that is refused.
    static func chunk(_ reason: String) -> ForwardRefusal { ForwardRefusal(kind: .chunk, reason: reason) }
}
