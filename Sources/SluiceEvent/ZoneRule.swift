/// The rule for all times behind a zone file's last transition, in POSIX `TZ` form: `CET-1CEST,M3.5.0,M10.5.0/3`.
package struct ZoneRule: Sendable, Equatable {
    /// One day of a year and a time of that day when an offset begins.
    struct Change: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// `Jn`: 1...365, 29 February is never counted.
            case julian(Int64)
            /// `n`: 0...365, 29 February counted.
            case ordinal(Int64)
            /// `Mm.w.d`: weekday `d` (0 = Sunday) of week `w` (5 = last) of month `m`.
            case weekday(month: Int, week: Int64, day: Int64)
        }

        let day: Day
        /// Seconds after local midnight, -167 h ... 167 h.
        let seconds: Int64
    }

    let standardSeconds: Int32
    /// Offset while daylight saving time is in force, with the two changes; nil without daylight saving time.
    let daylight: (seconds: Int32, begins: Change, ends: Change)?

    package static func == (left: ZoneRule, right: ZoneRule) -> Bool {
        guard left.standardSeconds == right.standardSeconds else { return false }
        switch (left.daylight, right.daylight) {
        case (nil, nil): return true
        case (let a?, let b?): return a.seconds == b.seconds && a.begins == b.begins && a.ends == b.ends
        default: return false
        }
    }

    /// Offset at an instant, and the first and one past the last second for which it is known to hold.
    func period(atUnix seconds: Int64) -> (offsetSeconds: Int32, from: Int64, until: Int64) {
        guard let daylight else { return (standardSeconds, .min, .max) }
        let year = CivilTime(seconds: seconds &+ Int64(standardSeconds)).year
        var changes: [(at: Int64, offset: Int32)] = []
        for year in (year - 1)...(year + 1) {
            changes.append((Self.unix(daylight.begins, year) - Int64(standardSeconds), daylight.seconds))
            changes.append((Self.unix(daylight.ends, year) - Int64(daylight.seconds), standardSeconds))
        }
        changes.sort { $0.at < $1.at }
        guard let next = changes.firstIndex(where: { $0.at > seconds }), next > 0 else {
            return (standardSeconds, seconds, seconds + 1)
        }
        return (changes[next - 1].offset, changes[next - 1].at, changes[next].at)
    }

    /// Local seconds since 1970 at which a change of that year happens.
    private static func unix(_ change: Change, _ year: Int) -> Int64 {
        let days: Int64
        switch change.day {
        case .julian(let day):
            days = CivilTime.days(year: year, month: 1, day: 1) + day - (CivilTime.isLeap(year) && day >= 60 ? 0 : 1)
        case .ordinal(let day):
            days = CivilTime.days(year: year, month: 1, day: 1) + day
        case .weekday(let month, let week, let day):
            let first = CivilTime.days(year: year, month: month, day: 1)
            let firstWeekday = Int64(CivilTime.weekday(days: first))
            var date = first + (day - firstWeekday + 7) % 7 + (week - 1) * 7
            while date >= first + Int64(CivilTime.days(inMonth: month, of: year)) { date -= 7 }
            days = date
        }
        return days * 86_400 + change.seconds
    }

}

extension ZoneRule {
    /// Reads the POSIX form; nil when the text is not of that form.
    package init?(posix text: some Sequence<UInt8>) {
        var reader = Reader(bytes: Array(text))
        guard reader.name(), let standard = reader.clock() else { return nil }
        standardSeconds = Int32(-standard)
        guard !reader.isAtEnd else {
            daylight = nil
            return
        }
        guard reader.name() else { return nil }
        var summer = standard - 3600
        if reader.peek != UInt8(ascii: ","), !reader.isAtEnd {
            guard let given = reader.clock() else { return nil }
            summer = given
        }
        guard reader.take(","), let begins = reader.change(), reader.take(","), let ends = reader.change(), reader.isAtEnd
        else { return nil }
        daylight = (Int32(-summer), begins, ends)
    }

    /// A cursor over the rule's text.
    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        var isAtEnd: Bool { at == bytes.count }
        var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard peek == UInt8(ascii: character) else { return false }
            at += 1
            return true
        }

        /// An abbreviation: three or more letters, or anything in angle brackets.
        mutating func name() -> Bool {
            let start = at
            if take("<") {
                while let byte = peek, byte != UInt8(ascii: ">") {
                    _ = byte
                    at += 1
                }
                return take(">")
            }
            while let byte = peek, (byte | 0x20) >= UInt8(ascii: "a"), (byte | 0x20) <= UInt8(ascii: "z") { at += 1 }
            return at - start >= 3
        }

        mutating func number() -> Int64? {
            let start = at
            var value: Int64 = 0
            while let byte = peek, byte >= 0x30, byte <= 0x39, at - start < 4 {
                value = value * 10 + Int64(byte - 0x30)
                at += 1
            }
            return at > start ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func clock() -> Int64? {
            let negative = take("-")
            if !negative { _ = take("+") }
            guard var seconds = number().map({ $0 * 3600 }) else { return nil }
            if take(":") {
                guard let minutes = number() else { return nil }
                seconds += minutes * 60
                if take(":") {
                    guard let rest = number() else { return nil }
                    seconds += rest
                }
            }
            return negative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            let day: Change.Day
            if take("M") {
                guard let month = number(), take("."), let week = number(), take("."), let weekday = number(),
                    (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
                else { return nil }
                day = .weekday(month: Int(month), week: week, day: weekday)
            } else if take("J") {
                guard let number = number(), (1...365).contains(number) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(), number <= 365 else { return nil }
                day = .ordinal(number)
            }
            guard take("/") else { return Change(day: day, seconds: 7200) }
            guard let seconds = clock() else { return nil }
            return Change(day: day, seconds: seconds)
        }
    }
}
