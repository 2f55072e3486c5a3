import Testing

@testable import SluiceEngine

@Suite struct ProbationTests {
    private static let second: Int64 = 1_000_000_000

    private func probation(oldRate: Double = 0) -> Probation {
        Probation(
            start: .init(time: 0, events: 0, failures: 0), oldRate: oldRate, errorRate: 0.05, window: 10 * Self.second, eventsMin: 100)
    }

    @Test func `fewer events than the least number are not judged`() {
        var probation = probation()
        #expect(probation.judge(.init(time: Self.second, events: 99, failures: 99)) == nil)
    }

    @Test func `a rate above the bound is too much`() {
        var probation = probation()
        #expect(probation.judge(.init(time: Self.second, events: 100, failures: 5)) == nil)
        #expect(probation.judge(.init(time: 2 * Self.second, events: 200, failures: 12)) == 0.06)
    }

    @Test func `the bound lies above the rate of the generation before`() {
        var probation = probation(oldRate: 0.5)
        #expect(probation.judge(.init(time: Self.second, events: 1_000, failures: 540)) == nil)
        #expect(probation.judge(.init(time: 2 * Self.second, events: 2_000, failures: 1_140)) == 0.57)
    }

    @Test func `only the window counts`() {
        var probation = probation()
        for turn in 1...100 {
            #expect(probation.judge(.init(time: Int64(turn) * Self.second, events: turn * 1_000, failures: 0)) == nil)
        }
        // 10 s of the window hold 11,000 events, 600 of them failed.
        #expect(probation.judge(.init(time: 101 * Self.second, events: 101_000, failures: 600)) != nil)
    }

    @Test func `it ends after its time`() {
        #expect(!probation().isOver(at: Probation.length - 1))
        #expect(probation().isOver(at: Probation.length))
    }
}
