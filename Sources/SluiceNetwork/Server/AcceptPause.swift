/// How long a listener waits after the system could not give it a connection (no descriptors, no memory). Pure.
struct AcceptPause: Equatable {
    private static let firstMs: Int64 = 50
    private static let longestMs: Int64 = 2_000

    private var nextMs = firstMs
    private(set) var isFailing = false

    /// Accepting failed: the pause, and whether it is the first time since it last worked.
    mutating func failed() -> (milliseconds: Int64, isNews: Bool) {
        defer {
            isFailing = true
            nextMs = min(Self.longestMs, nextMs * 2)
        }
        return (nextMs, !isFailing)
    }

    /// A connection came; whether accepting failed before.
    mutating func succeeded() -> Bool {
        defer { self = AcceptPause() }
        return isFailing
    }
}
