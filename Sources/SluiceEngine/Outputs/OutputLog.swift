import Logging
import SluiceComponent

/// The sentences that an output's driver says, each in one place.
struct OutputLog: Sendable {
    let name: String
    let log: Logger

    /// Writing failed and goes on being tried.
    func failing(_ line: FailureReport.Line?, error: String, waiting: Int, wait: Int64) {
        let again = "events waiting: \(waiting); trying again in \(Self.text(wait))"
        switch line {
        case .began: log.warning("output `\(name)`: \(error); \(again)")
        case .goesOn(let time, let attempts):
            log.warning("output `\(name)` has failed for \(Self.text(time)), \(attempts) times: \(error); \(again)")
        case .recovered, nil: break
        }
    }

    /// Upkeep failed; deliveries go on.
    func neglecting(_ line: FailureReport.Line?, error: String, wait: Int64) {
        switch line {
        case .began: log.warning("output `\(name)`: \(error); events go on, trying again in \(Self.text(wait))")
        case .goesOn(let time, let attempts):
            log.warning(
                "output `\(name)`: upkeep has failed for \(Self.text(time)), \(attempts) times: \(error); trying again in \(Self.text(wait))"
            )
        case .recovered, nil: break
        }
    }

    /// It works again.
    func recovered(_ line: FailureReport.Line?) {
        guard case .recovered(let time, let attempts) = line else { return }
        log.info("output `\(name)` works again after \(Self.text(time)) and \(Self.count(attempts, "failed attempt"))")
    }

    /// A parcel was given up.
    func abandoned(events: Int, error: String, attempts: Int) {
        log.error(
            "output `\(name)`: \(error); gave up after \(Self.count(attempts, "attempt")), \(Self.count(events, "event")) went to the dead letters"
        )
    }

    /// The destination is closed for good.
    func closed(_ error: String) { log.info("output `\(name)`: \(error); nothing more is written") }

    /// Closing failed.
    func notClosed(_ error: String) { log.error("output `\(name)` was not closed properly: \(error)") }

    /// The buffer is full and events are discarded.
    func discarding(_ line: FailureReport.Line?, newest: Bool, events: Int) {
        switch line {
        case .began, .goesOn:
            log.error(
                "output `\(name)`: its buffer is full; the \(newest ? "newest" : "oldest") events are discarded, \(events) so far; make `buffer` larger or the output faster"
            )
        case .recovered(let time, _):
            log.info("output `\(name)`: its buffer has room again after \(Self.text(time))")
        case nil: break
        }
    }

    /// Nanoseconds as people say them: `250ms`, `12s`, `3m 20s`, `2h 5m`.
    static func text(_ nanoseconds: Int64) -> String {
        let milliseconds = (nanoseconds + 500_000) / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        let seconds = (milliseconds + 500) / 1000
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return "\(seconds / 60)m" + (seconds % 60 == 0 ? "" : " \(seconds % 60)s") }
        let minutes = seconds / 60
        return "\(minutes / 60)h" + (minutes % 60 == 0 ? "" : " \(minutes % 60)m")
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
