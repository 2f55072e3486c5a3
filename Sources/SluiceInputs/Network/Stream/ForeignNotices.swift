import SluiceNetwork

/// Which foreign protocols of which peers were told already: once is enough, and a scanner must not fill the log.
struct ForeignNotices {
    private struct Notice: Hashable {
        let found: ForeignProtocol
        let peer: IPAddress?
    }

    /// Notices that are remembered; then it begins anew.
    private static let noticesMax = 1_000

    private var told: Set<Notice> = []

    /// Whether this was not told before.
    mutating func isNew(_ found: ForeignProtocol, _ peer: IPAddress?) -> Bool {
        if told.count >= Self.noticesMax { told.removeAll() }
        return told.insert(Notice(found: found, peer: peer)).inserted
    }
}
