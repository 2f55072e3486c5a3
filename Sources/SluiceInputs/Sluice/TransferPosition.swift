import SluiceComponent
import SluiceNetwork

/// How far the frames of one sender have come, as the program keeps it: `IDENTITY` → `SEQUENCE SECONDS`, the seconds of 1970 UTC at which
/// the sender was last heard of.
struct TransferPosition: Equatable, Sendable {
    let identity: TransferIdentity
    let sequence: UInt64
    let lastSeen: Int64

    /// A position.
    init(identity: TransferIdentity, sequence: UInt64, lastSeen: Int64) {
        self.identity = identity
        self.sequence = sequence
        self.lastSeen = lastSeen
    }

    /// Reads a saved position; nil for anything else.
    init?(_ position: Position) {
        let numbers = (position.value ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard numbers.count == 2, let identity = TransferIdentity(position.key), let sequence = UInt64(numbers[0]),
            let lastSeen = Int64(numbers[1])
        else { return nil }
        self.init(identity: identity, sequence: sequence, lastSeen: lastSeen)
    }

    /// What is saved.
    var saved: Position { Position(key: identity.description, value: "\(sequence) \(lastSeen)") }

    /// Those among saved positions.
    static func known(in positions: [String: Position]) -> [TransferPosition] { positions.values.compactMap { TransferPosition($0) } }
}
