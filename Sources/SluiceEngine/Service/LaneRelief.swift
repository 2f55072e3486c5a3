import SluiceComponent
import SluiceRules

/// Gets lanes that wait for an output between two batches: outputs take what lanes hold, beyond their limits.
///
/// A reload does not wait for an output that takes nothing: it may be made because of that output. Orders go before what waits in the
/// inboxes, so what goes beyond the limits is no more than what lanes have in hand, about two batches each.
final class LaneRelief {
    /// How long lanes may wait for room before outputs make some.
    private static let patienceNanoseconds: Int64 = 1_000_000_000

    private let outputs: [OutputDriver]
    private var isGiven = false

    /// For lanes that wait for one of these.
    init(_ outputs: [OutputDriver]) { self.outputs = outputs }

    /// Waits for all lanes' answers; nil when the deadline passes first, after which the order counts as cancelled.
    func wait(for answers: LaneAnswers, lanes: Int, until deadline: Int64) -> [Int: RuleFailure?]? {
        if let all = answers.look(lanes: lanes, until: min(deadline, MonotonicClock.now + Self.patienceNanoseconds)) { return all }
        if !isGiven {
            isGiven = true
            for output in outputs { output.setUnlimited(true) }
        }
        return answers.wait(lanes: lanes, until: deadline)
    }

    /// From here on the limits hold again.
    func end() {
        guard isGiven else { return }
        isGiven = false
        for output in outputs { output.setUnlimited(false) }
    }
}
