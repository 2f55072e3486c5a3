import SluiceComponent
import SluiceRules

/// What lanes answered to an order.
final class LaneAnswers: Sendable {
    private struct State {
        var answers: [Int: RuleFailure?] = [:]
        var isCancelled = false
    }

    private let state = Monitor(State())

    /// A lane has done its part.
    func add(_ lane: Int, _ failure: RuleFailure?) { state.notify { $0.answers[lane] = failure } }

    /// Whether nobody waits any more for what is not carried out yet.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Waits for all lanes; nil when the deadline passes first, after which the order counts as cancelled.
    func wait(lanes: Int, until deadline: Int64) -> [Int: RuleFailure?]? {
        let all = look(lanes: lanes, until: deadline)
        if all == nil { state.withLock { $0.isCancelled = true } }
        return all
    }

    /// As ``wait(lanes:until:)``, and the order stands when the deadline passes.
    func look(lanes: Int, until deadline: Int64) -> [Int: RuleFailure?]? {
        state.wait(until: deadline) { $0.answers.count == lanes ? $0.answers : nil }
    }

    /// Waits for all lanes, however long they take.
    func wait(lanes: Int) { let _: Bool? = state.wait { $0.answers.count == lanes ? true : nil } }
}
