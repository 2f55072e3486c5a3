import SluiceAdmin

/// How reloads ended since the process started, and whether the rules on disk are those that run.
struct ReloadHistory: Sendable {
    var last: ReloadStatus?
    var outcomes: [ReloadOutcome: Int] = [:]
    /// Why the rules on disk are not the ones that run; nil when they are.
    var staleReason: String?
    /// Files that the last attempt has looked at.
    var triedFiles: Set<String> = []

    /// Notes a verdict.
    mutating func note(_ verdict: ReloadVerdict, at time: Int64) {
        let reason = verdict.problems.first.map(\.line)
        last = ReloadStatus(time: time, outcome: verdict.outcome, generation: verdict.generation, reason: reason)
        outcomes[verdict.outcome, default: 0] += 1
        switch verdict.outcome {
        case .applied, .unchanged: staleReason = nil
        case .refused, .rolledBack: staleReason = reason
        case .wouldApply: break
        }
    }
}
