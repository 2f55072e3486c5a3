import Synchronization

@testable import SluiceAdmin

/// A service that answers what it was told to and remembers what it was asked.
final class RecordedControl: ServiceControl {
    enum Call: Equatable, Sendable {
        case reload(dryRun: Bool)
        case redrive(DeadLetterSelection)
        case purge(DeadLetterSelection)
        case reopen
    }

    let calls = Mutex<[Call]>([])
    let verdict: ReloadVerdict
    let report: DeadLetterReport
    let error: ControlError?
    let current: ServiceStatus

    init(
        _ current: ServiceStatus = StatusFixture.busy, verdict: ReloadVerdict = VerdictFixture.applied,
        report: DeadLetterReport = DeadLetterReport(count: 2), error: ControlError? = nil
    ) {
        self.current = current
        self.verdict = verdict
        self.report = report
        self.error = error
    }

    var recorded: [Call] { calls.withLock { $0 } }

    func status() -> ServiceStatus { current }

    func reload(dryRun: Bool) -> ReloadVerdict {
        record(.reload(dryRun: dryRun))
        return verdict
    }

    func redrive(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport {
        record(.redrive(selection))
        if let error { throw error }
        return report
    }

    func purge(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport {
        record(.purge(selection))
        if let error { throw error }
        return report
    }

    func reopen() { record(.reopen) }

    private func record(_ call: Call) { calls.withLock { $0.append(call) } }
}
