import SluiceNetwork

/// Which refusals of which peers were told a short while ago: a broken sender comes again at once, and must not fill the log.
struct ForwardNotices {
    private struct Notice: Hashable {
        let kind: ForwardRefusal.Kind
        let peer: IPAddress?
    }

    private struct Told {
        let at: Int64
        var hidden = 0
    }

    /// Time in which one peer's refusals of one kind are told once.
    static let windowNs: Int64 = 60_000_000_000
    /// Notices that are remembered; then it begins anew.
    private static let noticesMax = 1_000

    private var told: [Notice: Told] = [:]

    /// Whether a refusal at a monotonic time is to be told, and how many were not since the last one; nil: it is not.
    mutating func take(_ kind: ForwardRefusal.Kind, of peer: IPAddress?, at time: Int64) -> Int? {
        let notice = Notice(kind: kind, peer: peer)
        if let last = told[notice], time - last.at < Self.windowNs {
            told[notice]?.hidden += 1
            return nil
        }
        if told.count >= Self.noticesMax { told.removeAll() }
        let hidden = told[notice]?.hidden ?? 0
        told[notice] = Told(at: time)
        return hidden
    }
}
