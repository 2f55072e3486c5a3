import Testing

@testable import SluiceAdmin

@Suite struct ErrorHistoryTests {
    @Test func `the same error again counts and does not push others out`() {
        var history = ErrorHistory()
        history.add(ErrorStatus(time: 1, source: "main", message: "disk full"))
        history.add(ErrorStatus(time: 2, source: "nginx", message: "gone"))
        history.add(ErrorStatus(time: 3, source: "main", message: "disk full"))
        #expect(
            history.entries == [
                ErrorStatus(time: 2, source: "nginx", message: "gone"),
                ErrorStatus(time: 3, source: "main", message: "disk full", count: 2),
            ])
    }

    @Test func `the oldest error makes room`() {
        var history = ErrorHistory()
        for number in 0...ErrorHistory.entriesMax { history.add(ErrorStatus(time: Int64(number), source: "", message: "\(number)")) }
        #expect(history.entries.map(\.message) == (1...ErrorHistory.entriesMax).map { "\($0)" })
    }
}
