/// A date and time of day in the proleptic Gregorian calendar, without zone.
///
/// The conversions are the shifted-year arithmetic known as “days from civil”: March is the first month, so that the leap
/// day is the last one of its year. Exact for every year that fits 32 bits; no table, no loop.
package struct CivilTime: Equatable, Sendable {
    package var year: Int
    /// 1...12
    package var month: Int
    /// 1...31
    package var day: Int
    /// 0...23
    package var hour: Int
    /// 0...59
    package var minute: Int
    /// 0...59; 60 is a leap second and counts as the second after it.
    package var second: Int

    /// A date, at midnight unless a time is given. Nothing is checked; see ``isValid``.
    @inlinable
    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The date and time that many seconds after 1970-01-01T00:00:00.
    @inlinable
    package init(seconds: Int64) {
        let (days, rest) = Self.floorDivide(seconds, by: 86_400)
        self.init(days: days)
        let time = Int32(truncatingIfNeeded: rest)
        hour = Int(time / 3_600)
        minute = Int(time % 3_600 / 60)
        second = Int(time % 60)
    }

    /// Midnight of the day that many days after 1970-01-01.
    @inlinable
    package init(days: Int64) {
        let (era, dayOfEra) = Self.floorDivide(days &+ 719_468, by: 146_097)
        let ofEra = UInt32(truncatingIfNeeded: dayOfEra)
        let yearOfEra = (ofEra &- ofEra / 1_460 &+ ofEra / 36_524 &- ofEra / 146_096) / 365
        let ofYear = ofEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
        let shifted = (5 &* ofYear &+ 2) / 153
        day = Int(ofYear &- (153 &* shifted &+ 2) / 5 &+ 1)
        month = Int(shifted < 10 ? shifted &+ 3 : shifted &- 9)
        year = Int(era &* 400) &+ Int(yearOfEra) &+ (month <= 2 ? 1 : 0)
        hour = 0
        minute = 0
        second = 0
    }

    /// Days from 1970-01-01 to this date.
    @inlinable package var days: Int64 { Self.days(year: year, month: month, day: day) }

    /// Seconds from 1970-01-01T00:00:00 to this date and time.
    @inlinable package var seconds: Int64 { days &* 86_400 &+ Int64(hour &* 3_600 &+ minute &* 60 &+ second) }

    /// 0 is Sunday, 6 Saturday.
    @inlinable package var weekday: Int { Self.weekday(days: days) }

    /// 1 is the first of January.
    @inlinable package var yearDay: Int { Int(days &- Self.days(year: year, month: 1, day: 1)) &+ 1 }

    /// The week by ISO 8601 (1...53) and the year that it belongs to.
    package var isoWeek: (year: Int, week: Int) {
        // The week belongs to the year of its Thursday.
        let thursday = days &+ 4 &- Int64((weekday &+ 6) % 7 &+ 1)
        let owner = CivilTime(days: thursday)
        return (owner.year, (owner.yearDay &- 1) / 7 &+ 1)
    }

    /// Whether every part is in its range; second 60 is allowed.
    @inlinable package var isValid: Bool {
        (1...12).contains(month) && day >= 1 && day <= Self.days(inMonth: month, of: year) && (0...23).contains(hour)
            && (0...59).contains(minute) && (0...60).contains(second)
    }

    /// Days from 1970-01-01 to a date; `month` must be 1...12, `day` may be beyond the month.
    @inlinable
    package static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shiftedYear = Int64(month <= 2 ? year &- 1 : year)
        let (era, yearOfEra) = floorDivide(shiftedYear, by: 400)
        let ofYear = Int64((153 &* (month > 2 ? month &- 3 : month &+ 9) &+ 2) / 5 &+ day &- 1)
        return era &* 146_097 &+ yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ ofYear &- 719_468
    }

    /// Weekday of a day counted from 1970-01-01, which was a Thursday: 0 is Sunday.
    @inlinable
    package static func weekday(days: Int64) -> Int { Int(floorDivide(days &+ 4, by: 7).remainder) }

    /// Whether the year has a 29 February.
    @inlinable
    package static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// Days of a month 1...12.
    @inlinable
    package static func days(inMonth month: Int, of year: Int) -> Int {
        month == 2 ? (isLeap(year) ? 29 : 28) : 30 &+ (month &+ month >> 3) & 1
    }

    /// Division that rounds towards minus infinity, with a remainder that is never negative.
    @inlinable @inline(__always)
    package static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let quotient = value / divisor
        let remainder = value &- quotient &* divisor
        return remainder < 0 ? (quotient &- 1, remainder &+ divisor) : (quotient, remainder)
    }
}
