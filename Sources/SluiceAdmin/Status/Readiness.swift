/// Whether the service does all that its configuration says, for those who decide whether to send it anything.
package enum Readiness: Sendable, Equatable {
    case ready
    /// `reason` is one of `starting`, `stopping`, `stale_rules`, `input_failing`; `detail` is a sentence.
    case notReady(reason: String, detail: String)
}

extension ServiceStatus {
    /// Ready when every input runs, or has come to its end, and the rules are those on disk.
    package var readiness: Readiness {
        switch phase {
        case .starting: return .notReady(reason: "starting", detail: "the service is starting")
        case .stopping: return .notReady(reason: "stopping", detail: "the service is stopping")
        case .running: break
        }
        if let reason = generation.staleReason { return .notReady(reason: "stale_rules", detail: reason) }
        for input in inputs {
            switch input.state {
            case .running, .waiting, .ended: continue
            case .starting: return .notReady(reason: "starting", detail: "input `\(input.name)` is not running yet")
            case .failing:
                let reason = input.lastError.map { ": \($0)" } ?? ""
                return .notReady(reason: "input_failing", detail: "input `\(input.name)` is failing\(reason)")
            }
        }
        return .ready
    }
}
