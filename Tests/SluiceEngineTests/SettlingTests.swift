import Testing

@testable import SluiceEngine

@Suite struct SettlingTests {
    /// Whether it is due at each of the times, asked in turn after the changes.
    private func due(changes: [Int64], at times: [Int64]) -> [Bool] {
        var settling = Settling(quiet: 100)
        for change in changes { settling.changed(at: change) }
        return times.map { settling.isDue(at: $0) }
    }

    @Test func `nothing is due while nothing changes`() {
        #expect(Settling(quiet: 100).due == nil)
        #expect(due(changes: [], at: [0, 1_000_000]) == [false, false])
    }

    @Test func `a change is due after a quiet time and once`() {
        #expect(due(changes: [1_000], at: [1_099, 1_100, 1_200]) == [false, true, false])
    }

    @Test func `each further change puts it off`() {
        #expect(due(changes: [1_000, 1_090], at: [1_150, 1_190]) == [false, true])
    }

    @Test func `changes without end do not put it off for ever`() {
        #expect(due(changes: Array(stride(from: 0, through: 5_000, by: 50)), at: [1_999, 2_000]) == [false, true])
    }
}
