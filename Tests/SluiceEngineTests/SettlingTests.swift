import Testing

@testable import SluiceEngine

@Suite struct SettlingTests {
    private var settling = Settling(quiet: 100)

    @Test mutating func `nothing is due while nothing changes`() {
        #expect(settling.due == nil)
        #expect(!settling.isDue(at: 1_000_000))
    }

    @Test mutating func `a change is due after a quiet time and once`() {
        settling.changed(at: 1_000)
        #expect(!settling.isDue(at: 1_099))
        #expect(settling.isDue(at: 1_100))
        #expect(!settling.isDue(at: 1_200))
    }

    @Test mutating func `each further change puts it off`() {
        settling.changed(at: 1_000)
        settling.changed(at: 1_090)
        #expect(!settling.isDue(at: 1_150))
        #expect(settling.isDue(at: 1_190))
    }

    @Test mutating func `changes without end do not put it off for ever`() {
        for time in stride(from: Int64(0), through: 5_000, by: 50) { settling.changed(at: time) }
        #expect(settling.due == 2_000)
    }
}
