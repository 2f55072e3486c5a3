import Synchronization

/// How many events each peer may still send: a bucket a peer, filled with `perSecond` tokens a second and with room for those of one
/// second.
///
/// A bucket that is full again says no more than none, so those are forgotten when too many peers are known. While there are still too
/// many, all peers that are new share one bucket: a flood from invented addresses costs neither memory nor more than one peer's events.
package final class PeerRates: Sendable {
    /// Peers that are remembered at most.
    package static let peersMax = 10_000

    private struct Bucket {
        /// Nanoseconds that stand for tokens: a token is `tokenNs` of them.
        var filledNs: Int64
        var at: Int64
    }

    private struct State {
        var buckets: [EventSender.Key: Bucket] = [:]
        var shared: Bucket?
        var sweptAt = Int64.min
    }

    private let tokenNs: Int64
    private let peersMax: Int
    private let state = Mutex(State())

    /// Buckets for `perSecond` events a second.
    package init(perSecond: Int, peersMax: Int = PeerRates.peersMax) {
        precondition(perSecond > 0 && peersMax > 0, "a rate and a number of peers are positive")
        tokenNs = max(1, Self.secondNs / Int64(perSecond))
        self.peersMax = peersMax
    }

    /// How many of `count` events of a peer may pass; `now` is monotonic time in nanoseconds.
    package func admit(_ count: Int, of key: EventSender.Key, at now: Int64) -> Int {
        state.withLock { state in
            if var bucket = state.buckets[key] {
                defer { state.buckets[key] = bucket }
                return take(count, from: &bucket, now)
            }
            if state.buckets.count >= peersMax { forget(&state, now) }
            guard state.buckets.count < peersMax else {
                var bucket = state.shared ?? Bucket(filledNs: Self.secondNs, at: now)
                defer { state.shared = bucket }
                return take(count, from: &bucket, now)
            }
            var bucket = Bucket(filledNs: Self.secondNs, at: now)
            defer { state.buckets[key] = bucket }
            return take(count, from: &bucket, now)
        }
    }

    /// Peers that are remembered.
    package var peerCount: Int { state.withLock { $0.buckets.count } }

    private static let secondNs: Int64 = 1_000_000_000

    private func take(_ count: Int, from bucket: inout Bucket, _ now: Int64) -> Int {
        bucket.filledNs = min(Self.secondNs, bucket.filledNs + max(0, now - bucket.at))
        bucket.at = max(bucket.at, now)
        let passed = min(count, Int(bucket.filledNs / tokenNs))
        bucket.filledNs -= Int64(passed) * tokenNs
        return passed
    }

    /// Once a second at most: it looks at all of them.
    private func forget(_ state: inout State, _ now: Int64) {
        guard state.sweptAt == .min || now - state.sweptAt >= Self.secondNs else { return }
        state.sweptAt = now
        state.buckets = state.buckets.filter { $0.value.filledNs + (now - $0.value.at) < Self.secondNs }
    }
}
