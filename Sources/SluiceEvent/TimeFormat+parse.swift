/// What a text says about a time; parts that its format does not name are absent.
package struct ParsedTime: Equatable, Sendable {
    /// Date and time of day as written; without a year 1970, without a date 1 January, without a time midnight.
    package var civil = CivilTime(year: 1970, month: 1, day: 1)
    /// Fraction of the second.
    package var nanoseconds: Int32 = 0
    /// Digits of the fraction, 0...9.
    package var digits: UInt32 = 0
    /// Distance from UTC in minutes; nil when the text names no zone.
    package var offsetMinutes: Int?
    /// How a zero offset was spelled (`SL_TIME_Z` and so on).
    package var spelling: UInt32 = 0
    package var hasYear = false
    package var hasDate = false
    package var hasTime = false
    /// Seconds since 1970 UTC when the text gave them as such; the other parts count for nothing then.
    package var unixSeconds: Int64?

    /// Nanoseconds since 1970 UTC, `localOffsetMinutes` being taken when the text has no zone; nil beyond the years 1678...2261.
    package func ns(localOffsetMinutes: Int) -> Int64? {
        let seconds = unixSeconds ?? (civil.seconds - Int64(offsetMinutes ?? localOffsetMinutes) * 60)
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowOfSum) = product.addingReportingOverflow(Int64(nanoseconds))
        return overflow || overflowOfSum ? nil : sum
    }
}

extension TimeFormat {
    /// Reads a whole text by this format; nil when it does not fit.
    ///
    /// Numbers may lack leading zeros or have blanks in their place; a blank in the format matches any number of blanks, none
    /// included; names are taken in any case, long or short.
    package func parse(_ text: UnsafeRawBufferPointer) -> ParsedTime? {
        guard let (parsed, end) = parsePrefix(text), end == text.count else { return nil }
        return parsed
    }

    /// The same for the start of a text; answers where the time ends.
    package func parsePrefix(_ text: UnsafeRawBufferPointer) -> (time: ParsedTime, end: Int)? {
        var reader = Reader(text: text)
        for step in steps where !reader.read(step) { return nil }
        guard let time = reader.finished() else { return nil }
        return (time, reader.at)
    }

    /// The cursor of a parse, and what was read so far.
    private struct Reader {
        let text: UnsafeRawBufferPointer
        var at = 0
        var time = ParsedTime()
        var isAfternoon: Bool?
        var century: Int?
        var yearDay: Int?

        init(text: UnsafeRawBufferPointer) { self.text = text }

        /// The time with half days, centuries and year days worked in; nil when it is no valid date.
        func finished() -> ParsedTime? {
            var time = time
            if let isAfternoon {
                guard (1...12).contains(time.civil.hour) else { return nil }
                time.civil.hour = time.civil.hour % 12 + (isAfternoon ? 12 : 0)
            }
            if let century { time.civil.year = century * 100 + (time.hasYear ? time.civil.year % 100 : 0) }
            if let yearDay {
                let days = CivilTime.days(year: time.civil.year, month: 1, day: 1) + Int64(yearDay - 1)
                let date = CivilTime(days: days)
                guard date.year == time.civil.year else { return nil }
                (time.civil.month, time.civil.day) = (date.month, date.day)
            }
            // Without a year 29 February must pass; which leap year it is, the caller decides.
            var checked = time.civil
            if !time.hasYear && century == nil { checked.year = 2000 }
            return checked.isValid ? time : nil
        }

        mutating func read(_ step: Step) -> Bool {
            switch step.code {
            case .literal: return literal(step.value)
            case .year: return year { $0.number(1...4, in: 0...9999) }
            case .yearOfCentury: return year { $0.number(1...2, in: 0...99).map { $0 + ($0 < 69 ? 2000 : 1900) } }
            case .century:
                century = number(1...2, in: 0...99)
                return century != nil
            case .month: return date(\.month, number(1...2, in: 1...12))
            case .monthShort, .monthLong: return date(\.month, name(12) { CalendarName.month($0 + 1) }.map { $0 + 1 })
            case .day: return date(\.day, number(1...2, in: 1...31))
            case .hour: return clock(\.hour, number(1...2, in: 0...23))
            case .hour12: return clock(\.hour, number(1...2, in: 1...12))
            case .minute: return clock(\.minute, number(1...2, in: 0...59))
            case .second: return clock(\.second, number(1...2, in: 0...60))
            case .yearDay:
                yearDay = number(1...3, in: 1...366)
                time.hasDate = true
                return yearDay != nil
            case .weekdayShort, .weekdayLong: return name(7, { CalendarName.weekday($0) }) != nil
            case .halfDay, .halfDayLower: return halfDay()
            case .unixSeconds: return unixSeconds()
            case .offset, .offsetColon: return offset()
            case .zoneName: return zoneName()
            case .fraction: return fraction()
            case .weekdayFromMonday: return number(1...1, in: 1...7) != nil
            case .weekdayFromSunday: return number(1...1, in: 0...6) != nil
            case .isoYear: return number(1...4, in: 0...9999) != nil
            case .isoYearOfCentury: return number(1...2, in: 0...99) != nil
            case .isoWeek, .weekFromSunday, .weekFromMonday: return number(1...2, in: 0...53) != nil
            }
        }

        private mutating func literal(_ byte: UInt8) -> Bool {
            if byte == 0x20 || byte == 0x09 || byte == 0x0A {
                skipBlanks()
                return true
            }
            guard at < text.count, text[at] == byte else { return false }
            at += 1
            return true
        }

        private mutating func skipBlanks() {
            while at < text.count, text[at] == 0x20 || text[at] == 0x09 || text[at] == 0x0A { at += 1 }
        }

        private mutating func year(_ read: (inout Self) -> Int?) -> Bool {
            guard let year = read(&self) else { return false }
            time.civil.year = year
            time.hasYear = true
            return true
        }

        private mutating func date(_ part: WritableKeyPath<CivilTime, Int>, _ value: Int?) -> Bool {
            guard let value else { return false }
            time.civil[keyPath: part] = value
            time.hasDate = true
            return true
        }

        private mutating func clock(_ part: WritableKeyPath<CivilTime, Int>, _ value: Int?) -> Bool {
            guard let value else { return false }
            time.civil[keyPath: part] = value
            time.hasTime = true
            return true
        }

        /// A number with that many digits, blanks before it allowed.
        private mutating func number(_ digits: ClosedRange<Int>, in range: ClosedRange<Int>) -> Int? {
            skipBlanks()
            var value = 0
            var count = 0
            while count < digits.upperBound, at < text.count, let digit = Self.digit(text[at]) {
                value = value * 10 + digit
                count += 1
                at += 1
            }
            return count >= digits.lowerBound && range.contains(value) ? value : nil
        }

        private static func digit(_ byte: UInt8) -> Int? { byte >= 0x30 && byte <= 0x39 ? Int(byte) - 0x30 : nil }

        /// Index of the name that the text goes on with: the whole name, else its first three letters.
        private mutating func name(_ count: Int, _ nameAt: (Int) -> StaticString) -> Int? {
            for index in 0..<count {
                let name = nameAt(index)
                for length in [name.utf8CodeUnitCount, 3] where startsWith(name, length) {
                    at += length
                    return index
                }
            }
            return nil
        }

        private func startsWith(_ name: StaticString, _ length: Int) -> Bool {
            guard text.count - at >= length else { return false }
            // SAFETY: `length` is at most the name's own length.
            return (0..<length).allSatisfy { text[at + $0] | 0x20 == name.utf8Start[$0] | 0x20 }
        }

        private mutating func halfDay() -> Bool {
            guard text.count - at >= 2, text[at + 1] | 0x20 == UInt8(ascii: "m") else { return false }
            switch text[at] | 0x20 {
            case UInt8(ascii: "a"): isAfternoon = false
            case UInt8(ascii: "p"): isAfternoon = true
            default: return false
            }
            at += 2
            return true
        }

        private mutating func unixSeconds() -> Bool {
            let isNegative = at < text.count && text[at] == UInt8(ascii: "-")
            if isNegative { at += 1 }
            guard let size = number(1...18, in: 0...Int.max) else { return false }
            time.unixSeconds = Int64(isNegative ? -size : size)
            time.hasYear = true
            time.hasDate = true
            time.hasTime = true
            return true
        }

        private mutating func fraction() -> Bool {
            var value: Int32 = 0
            var count: UInt32 = 0
            while at < text.count, let digit = Self.digit(text[at]) {
                // Digits past the nanosecond are read and let go.
                if count < 9 {
                    value = value * 10 + Int32(digit)
                    count += 1
                }
                at += 1
            }
            guard count > 0 else { return false }
            time.digits = count
            for _ in count..<9 { value *= 10 }
            time.nanoseconds = value
            return true
        }

        private mutating func offset() -> Bool {
            guard at < text.count else { return false }
            if text[at] == UInt8(ascii: "Z") || text[at] == UInt8(ascii: "z") {
                at += 1
                time.offsetMinutes = 0
                return true
            }
            let isNegative = text[at] == UInt8(ascii: "-")
            guard isNegative || text[at] == UInt8(ascii: "+") else { return false }
            at += 1
            guard at < text.count, Self.digit(text[at]) != nil, let hours = number(2...2, in: 0...23) else { return false }
            if at < text.count, text[at] == UInt8(ascii: ":") { at += 1 }
            var minutes = 0
            if at < text.count, Self.digit(text[at]) != nil {
                guard let given = number(2...2, in: 0...59) else { return false }
                minutes = given
            }
            let total = hours * 60 + minutes
            time.offsetMinutes = isNegative ? -total : total
            time.spelling = isNegative ? 2 : 1
            return true
        }

        /// A zone's abbreviation: only those of UTC say what they mean.
        private mutating func zoneName() -> Bool {
            let start = at
            while at < text.count, (0x41...0x5A).contains(text[at] & 0xDF) { at += 1 }
            let name = text[start..<at]
            if name.isEmpty { return offset() }
            if name.elementsEqual("UTC".utf8) || name.elementsEqual("GMT".utf8) || name.elementsEqual("Z".utf8) {
                time.offsetMinutes = 0
            }
            return true
        }
    }
}
