import Foundation
import Testing

@testable import SluiceEvent

@Suite struct CivilTimeTests {
    /// Every 37th day from the year -800 to 4000.
    static let days = stride(from: Int64(-1_011_000), to: 741_000, by: 37)

    @Test func `a day is the same after the way to a date and back`() {
        for day in Self.days {
            let civil = CivilTime(days: day)
            #expect(civil.isValid)
            #expect(civil.days == day)
        }
    }

    @Test func `seconds agree with the system's calendar`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        calendar.firstWeekday = 2
        calendar.minimumDaysInFirstWeek = 4
        for seconds in stride(from: Int64(-9_000_000_000), to: 9_000_000_000, by: 87_654_321) {
            let civil = CivilTime(seconds: seconds)
            let date = Date(timeIntervalSince1970: TimeInterval(seconds))
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second, .weekday, .weekOfYear, .yearForWeekOfYear], from: date)
            let expected = CivilTime(
                year: parts.year!, month: parts.month!, day: parts.day!, hour: parts.hour!, minute: parts.minute!,
                second: parts.second!)
            #expect(civil == expected)
            #expect(civil.weekday + 1 == parts.weekday)
            #expect(civil.isoWeek.week == parts.weekOfYear)
            #expect(civil.isoWeek.year == parts.yearForWeekOfYear)
            #expect(civil.yearDay == calendar.ordinality(of: .day, in: .year, for: date))
            #expect(civil.seconds == seconds)
        }
    }

    @Test(arguments: [(2023, 2, 29), (2024, 13, 1), (2024, 0, 1), (2024, 4, 31), (1900, 2, 29), (2024, 1, 0)])
    func `a date that does not exist is not valid`(year: Int, month: Int, day: Int) {
        #expect(!CivilTime(year: year, month: month, day: day).isValid)
    }
}
