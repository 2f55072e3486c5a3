extension TimeFormat {
    /// Writes the time and answers the length.
    ///
    /// `ns` counts from 1970 UTC, `offsetSeconds` is the local time's distance from UTC. `to` has room for ``bytesMax`` bytes.
    package func print(ns: Int64, offsetSeconds: Int, to: UnsafeMutablePointer<UInt8>) -> Int {
        let (seconds, fraction) = CivilTime.floorDivide(ns, by: 1_000_000_000)
        let civil = CivilTime(seconds: seconds &+ Int64(offsetSeconds))
        var writer = Writer(at: to)
        for index in 0..<steps.count {
            let step = steps[index]
            switch step.code {
            case .literal: writer.byte(step.value)
            case .fraction:
                TimestampText.printFraction(UInt32(truncatingIfNeeded: fraction), digits: Int(step.value), to: writer.at)
                writer.at += Int(step.value)
            case .unixSeconds: writer.number(Int(seconds), width: 1, .none)
            case .offset, .offsetColon: writer.offset(seconds: offsetSeconds, hasColon: step.code == .offsetColon)
            case .zoneName:
                if offsetSeconds == 0 { writer.text("UTC") } else { writer.offset(seconds: offsetSeconds, hasColon: false) }
            default: writer.part(step, of: civil)
            }
        }
        return writer.at - to
    }

    /// The cursor of a print.
    private struct Writer {
        var at: UnsafeMutablePointer<UInt8>

        init(at: UnsafeMutablePointer<UInt8>) { self.at = at }

        mutating func part(_ step: Step, of civil: CivilTime) {
            let padding = step.padding
            switch step.code {
            case .year: number(civil.year, width: 4, padding)
            case .yearOfCentury: number(civil.year % 100, width: 2, padding)
            case .century: number(civil.year / 100, width: 2, padding)
            case .month: number(civil.month, width: 2, padding)
            case .day: number(civil.day, width: 2, padding)
            case .hour: number(civil.hour, width: 2, padding)
            case .hour12: number((civil.hour + 11) % 12 + 1, width: 2, padding)
            case .minute: number(civil.minute, width: 2, padding)
            case .second: number(civil.second, width: 2, padding)
            case .yearDay: number(civil.yearDay, width: 3, padding)
            case .weekdayShort: text(CalendarName.weekday(civil.weekday), limit: 3)
            case .weekdayLong: text(CalendarName.weekday(civil.weekday))
            case .monthShort: text(CalendarName.month(civil.month), limit: 3)
            case .monthLong: text(CalendarName.month(civil.month))
            case .halfDay: text(civil.hour < 12 ? "AM" : "PM")
            case .halfDayLower: text(civil.hour < 12 ? "am" : "pm")
            case .weekdayFromMonday: number((civil.weekday + 6) % 7 + 1, width: 1, padding)
            case .weekdayFromSunday: number(civil.weekday, width: 1, padding)
            case .isoYear: number(civil.isoWeek.year, width: 4, padding)
            case .isoYearOfCentury: number(civil.isoWeek.year % 100, width: 2, padding)
            case .isoWeek: number(civil.isoWeek.week, width: 2, padding)
            case .weekFromSunday: number((civil.yearDay + 6 - civil.weekday) / 7, width: 2, padding)
            case .weekFromMonday: number((civil.yearDay + 6 - (civil.weekday + 6) % 7) / 7, width: 2, padding)
            default: break
            }
        }

        mutating func byte(_ byte: UInt8) {
            // SAFETY: the format's `bytesMax` counts every step's largest length; so in all functions here.
            at.pointee = byte
            at += 1
        }

        mutating func text(_ text: StaticString, limit: Int = .max) {
            let count = min(text.utf8CodeUnitCount, limit)
            at.update(from: text.utf8Start, count: count)
            at += count
        }

        mutating func number(_ value: Int, width: Int, _ padding: Padding) {
            if value < 0 { byte(UInt8(ascii: "-")) }
            let size = value.magnitude
            var scale: UInt = 1
            var digits = 1
            while digits < 19, size / scale >= 10 {
                scale *= 10
                digits += 1
            }
            if padding != .none {
                for _ in 0..<max(0, width - digits) { byte(padding == .zero ? 0x30 : 0x20) }
            }
            var rest = size
            while scale > 0 {
                byte(UInt8(truncatingIfNeeded: 0x30 + rest / scale))
                rest %= scale
                scale /= 10
            }
        }

        mutating func offset(seconds: Int, hasColon: Bool) {
            let minutes = Int(seconds.magnitude) / 60
            byte(seconds < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            number(minutes / 60, width: 2, .zero)
            if hasColon { byte(UInt8(ascii: ":")) }
            number(minutes % 60, width: 2, .zero)
        }
    }
}
