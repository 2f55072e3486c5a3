/// When a program that ended is started again. Pure: times come in and go out.
package struct RestartPolicy: Equatable, Sendable {
    /// After which ends.
    package enum Rule: String, CaseIterable, Sendable {
        case always
        case onFailure = "on_failure"
        case never
    }

    let rule: Rule
    let initialNs: Int64
    let maxNs: Int64
    /// Pause before the next restart.
    private var nextNs: Int64

    init(rule: Rule, initialNs: Int64, maxNs: Int64) {
        self.rule = rule
        self.initialNs = initialNs
        self.maxNs = max(initialNs, maxNs)
        nextNs = initialNs
    }

    /// The program ended after running so long: the pause before it is started again, nil when it is not.
    mutating func ended(wasFailure: Bool, ranNs: Int64) -> Int64? {
        switch rule {
        case .never: return nil
        case .onFailure: if !wasFailure { return nil }
        case .always: break
        }
        if ranNs >= maxNs { nextNs = initialNs }
        defer { nextNs = min(maxNs, nextNs * 2) }
        return nextNs
    }
}
