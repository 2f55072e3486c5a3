import SluiceComponent

/// Datagrams that make no events, until they are reported.
struct DatagramCounts {
    /// Of peers that `allow` leaves out.
    var refused = 0
    /// Over `rate_limit`.
    var limited = 0

    /// Adds them to the counters of an input, and begins anew.
    mutating func report(to session: any InputSession) {
        if refused > 0 { session.count(.datagramsRefused, refused) }
        if limited > 0 { session.count(.rateLimited, limited) }
        self = DatagramCounts()
    }
}
