import SluiceComponent
import Testing

@Suite struct BackoffTests {
    private static let second: Int64 = 1_000_000_000

    @Test func `waits double up to the longest one and start anew after a success`() {
        var backoff = Backoff(initial: 100, longest: 700)
        #expect((0..<5).map { _ in backoff.failed(chance: 0) } == [100, 200, 400, 700, 700])
        backoff.succeeded()
        #expect(backoff.failed(chance: 0) == 100)
    }

    @Test func `chance shortens a wait by at most the jitter`() {
        var backoff = Backoff(initial: 1000, longest: 30_000, jitterPercent: 20)
        #expect(backoff.failed(chance: 0.5) == 900)
        backoff.succeeded()
        #expect(backoff.failed(chance: 0.999_999) == 801)
    }

    @Test func `no number of failures overflows`() {
        var backoff = Backoff(initial: 500_000_000, longest: .max)
        for _ in 0..<200 { _ = backoff.failed(chance: 0) }
        #expect(backoff.failed(chance: 0) == .max)
    }

    @Test func `the first failure is said, then one at growing intervals, then the recovery`() {
        var report = FailureReport()
        var lines: [FailureReport.Line] = []
        for tick in 0...70 { report.failed(now: Int64(tick) * Self.second).map { lines.append($0) } }
        report.succeeded(now: 75 * Self.second).map { lines.append($0) }
        #expect(
            lines == [
                .began, .goesOn(nanoseconds: 10 * Self.second, attempts: 11), .goesOn(nanoseconds: 30 * Self.second, attempts: 31),
                .goesOn(nanoseconds: 70 * Self.second, attempts: 71), .recovered(nanoseconds: 75 * Self.second, attempts: 71),
            ])
    }

    @Test func `what fails and works in turns is not said each time`() {
        var report = FailureReport()
        var lines = 0
        for tick in 0..<1000 {
            let now = Int64(tick) * Self.second / 100
            if report.failed(now: now) != nil { lines += 1 }
            if report.succeeded(now: now) != nil { lines += 1 }
        }
        #expect(lines == 2)
        #expect(report.failed(now: 20 * Self.second) == .began)
    }

    @Test func `a quiet failure that lasts is said`() {
        var report = FailureReport()
        _ = report.failed(now: 0)
        _ = report.succeeded(now: 1)
        #expect(report.failed(now: 2) == nil)
        #expect(report.failed(now: 11 * Self.second) == .goesOn(nanoseconds: 11 * Self.second - 2, attempts: 2))
    }
}
