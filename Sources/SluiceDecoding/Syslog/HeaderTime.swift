internal import SluiceEvent

/// A date and time as some device wrote it at the start of a message; year and zone may be missing.
struct HeaderTime {
    /// Seconds since 1970 as if the written time were UTC; without a year, in a year that ``LocalClock`` replaces.
    var local: Int64
    /// Nanoseconds of the second.
    var fraction: Int64 = 0
    /// Digits of the fraction that were given, at most 9.
    var digits = 0
    /// Whether the year was written.
    var hasYear = true
    var month = 0
    var day = 0
    /// Minutes ahead of UTC, nil when no zone was written.
    var offsetMinutes: Int?
    /// How a zero offset was spelled, SL_TIME_Z and so on.
    var spelling: UInt32 = 0
    /// A zone was written whose name means different offsets in different countries.
    var isZoneAmbiguous = false
    /// The second is 60.
    var isLeapSecond = false
    /// Behind the time and a colon that ends it.
    var end: Int
}

extension HeaderTime {
    /// Which forms are read.
    struct Forms: OptionSet {
        let rawValue: Int
        /// Seconds since 1970 with or without a fraction.
        static let epoch = Forms(rawValue: 1)
        /// ISO 8601 times without an offset.
        static let withoutOffset = Forms(rawValue: 2)
        /// Only what standards have.
        static let standard: Forms = []
        static let all = Forms(rawValue: 3)
    }

    /// Reads a time at `at`: RFC 3339, `Mmm dd hh:mm:ss` with a year and zone in every place that devices put them, and Unix
    /// seconds. A blank, a colon or the end of the text must follow; nil when there is no such time.
    static func read(_ text: SyslogText, at start: Int, forms: Forms = .all) -> HeaderTime? {
        let first = text[start]
        if first.isDigit {
            // `2025 Jun 25 11:27:28` before `2025-06-25T11:27:28`.
            if text[start + 4] == .blank, let year = text.number(start, digitsMax: 4), year.end == start + 4 {
                return calendar(text, at: text.skippingBlanks(year.end), year: Int(year.value))
            }
            if text[start + 4] == .dash { return iso(text, at: start, forms: forms) }
            return forms.contains(.epoch) ? epoch(text, at: start) : nil
        }
        guard first.isLetter else { return nil }
        if month(text, at: start) == nil, isWeekday(text, at: start) {
            return calendar(text, at: text.skippingBlanks(start + (text[start + 3] == .comma ? 4 : 3)), year: nil)
        }
        return calendar(text, at: start, year: nil)
    }

    /// Whether nothing that belongs to the time follows at `at`.
    private static func isEnd(_ text: SyslogText, _ at: Int) -> Bool {
        at >= text.count || text[at] == .blank || text[at] == .colon
    }

    /// The time, with `end` behind a colon that closes it; nil when something else is glued to it.
    private func closed(_ text: SyslogText) -> HeaderTime? {
        var time = self
        if text[end] == .colon {
            guard end + 1 >= text.count || text[end + 1] == .blank else { return nil }
            time.end = end + 1
        } else if end < text.count, text[end] != .blank {
            return nil
        }
        return time
    }

    private static func iso(_ text: SyslogText, at start: Int, forms: Forms) -> HeaderTime? {
        guard let scan = text.withBytes(from: start, { TimestampText.scan($0, $1) }) else { return nil }
        var time = HeaderTime(local: scan.seconds, end: start + scan.length)
        time.fraction = scan.fraction
        time.digits = min(scan.fractionDigits, 9)
        time.isLeapSecond = scan.isLeapSecond
        if scan.hasOffset {
            let offset = Int(Int16(truncatingIfNeeded: scan.detail >> 8))
            time.offsetMinutes = offset
            time.spelling = scan.detail >> 24
            time.local += Int64(offset) * 60
        } else {
            // ISO 8601 allows a comma before the fraction, RFC 3339 does not.
            if time.digits == 0, forms.contains(.withoutOffset), text[time.end] == .comma { time.readFraction(text) }
            time.readOffset(text)
            if time.offsetMinutes == nil, !forms.contains(.withoutOffset) { return nil }
        }
        return time.closed(text)
    }

    /// `1563249630` or `1563249630.774247467`, milliseconds with 13 digits.
    private static func epoch(_ text: SyslogText, at start: Int) -> HeaderTime? {
        guard let number = text.number(start, digitsMax: 14) else { return nil }
        let count = number.end - start
        guard count == 10 || count == 13 else { return nil }
        var time = HeaderTime(local: count == 10 ? number.value : number.value / 1000, end: number.end)
        time.offsetMinutes = 0
        if count == 13 {
            time.fraction = number.value % 1000 * 1_000_000
            time.digits = 3
        } else {
            time.readFraction(text)
        }
        guard time.end >= text.count || text[time.end] == .blank else { return nil }
        return time
    }

    /// `Mmm dd [yyyy] hh:mm:ss[.fraction] [AM|PM] [zone] [yyyy]`.
    private static func calendar(_ text: SyslogText, at start: Int, year: Int?) -> HeaderTime? {
        guard let month = month(text, at: start), text[start + 3] == .blank,
            let day = text.number(text.skippingBlanks(start + 3), digitsMax: 2), text[day.end] == .blank
        else { return nil }
        var year = year
        var at = text.skippingBlanks(day.end)
        if year == nil, let given = text.number(at, digitsMax: 4), given.end == at + 4, text[given.end] == .blank {
            year = Int(given.value)
            at = text.skippingBlanks(given.end)
        }
        guard let hour = text.number(at, digitsMax: 2), text[hour.end] == .colon, let minute = text.pair(hour.end + 1),
            text[hour.end + 3] == .colon, let second = text.pair(hour.end + 4), hour.value <= 23, minute <= 59, second <= 60
        else { return nil }
        var time = HeaderTime(local: 0, end: hour.end + 6)
        var clockHour = Int(hour.value)
        time.readFraction(text)
        time.readSuffixes(text, hour: &clockHour, year: &year)
        // 29 February may be one in some year.
        guard clockHour <= 23, day.value >= 1, day.value <= CivilTime.days(inMonth: month, of: year ?? 2000) else { return nil }
        time.hasYear = year != nil
        time.month = month
        time.day = Int(day.value)
        time.isLeapSecond = second == 60
        time.local =
            CivilTime(
                year: year ?? 2000, month: month, day: Int(day.value), hour: clockHour, minute: minute, second: second
            ).seconds
        return time.closed(text)
    }

    /// A fraction of seconds, digits past the ninth are read over; a point without digits is allowed.
    private mutating func readFraction(_ text: SyslogText) {
        guard text[end] == .dot || (text[end] == .comma && text[end + 1].isDigit) else { return }
        end += 1
        while text[end].isDigit {
            if digits < 9 {
                fraction = fraction * 10 + Int64(text[end] &- 0x30)
                digits += 1
            }
            end += 1
        }
        for _ in digits..<9 { fraction *= 10 }
    }

    private mutating func readSuffixes(_ text: SyslogText, hour: inout Int, year: inout Int?) {
        while end < text.count, text[end] != .colon {
            if offsetMinutes == nil, !isZoneAmbiguous {
                let before = end
                readOffset(text)
                if end > before { continue }
            }
            guard text[end] == .blank else { return }
            let at = text.skippingBlanks(end)
            if (text[at] | 0x20) == 0x61 || (text[at] | 0x20) == 0x70, (text[at + 1] | 0x20) == 0x6D,
                Self.isEnd(text, at + 2)
            {
                // Some devices write PM behind hours up to 23 as well.
                if hour >= 1, hour <= 12 { hour = hour % 12 + ((text[at] | 0x20) == 0x70 ? 12 : 0) }
                end = at + 2
            } else if year == nil, let given = text.number(at, digitsMax: 5), given.end == at + 4,
                (1970...2199).contains(given.value), Self.isEnd(text, given.end)
            {
                year = Int(given.value)
                end = given.end
            } else if offsetMinutes == nil, !isZoneAmbiguous, let zone = ZoneName(text, at: at), Self.isEnd(text, zone.end) {
                offsetMinutes = zone.offsetMinutes
                isZoneAmbiguous = zone.offsetMinutes == nil
                end = zone.end
            } else {
                return
            }
        }
    }

    /// `Z`, `±hh:mm`, `±hhmm` or `±hh`, glued to the time or behind one blank.
    private mutating func readOffset(_ text: SyslogText) {
        var at = end
        if text[at] | 0x20 == 0x7A, Self.isEnd(text, at + 1) {
            offsetMinutes = 0
            end = at + 1
            return
        }
        if text[at] == .blank { at += 1 }
        let sign = text[at]
        guard sign == 0x2B || sign == .dash, let hours = text.pair(at + 1), hours <= 23 else { return }
        var minutes = 0
        var after = at + 3
        if text[after] == .colon, let given = text.pair(after + 1) {
            minutes = given
            after += 3
        } else if let given = text.pair(after) {
            minutes = given
            after += 2
        }
        guard minutes <= 59, Self.isEnd(text, after) else { return }
        offsetMinutes = (hours * 60 + minutes) * (sign == .dash ? -1 : 1)
        end = after
    }

    /// 1...12 of an English month's first three letters in any case.
    static func month(_ text: SyslogText, at: Int) -> Int? {
        let letters = UInt32(text[at] | 0x20) << 16 | UInt32(text[at + 1] | 0x20) << 8 | UInt32(text[at + 2] | 0x20)
        switch letters {
        case 0x6A616E: return 1
        case 0x666562: return 2
        case 0x6D6172: return 3
        case 0x617072: return 4
        case 0x6D6179: return 5
        case 0x6A756E: return 6
        case 0x6A756C: return 7
        case 0x617567: return 8
        case 0x736570: return 9
        case 0x6F6374: return 10
        case 0x6E6F76: return 11
        case 0x646563: return 12
        default: return nil
        }
    }

    /// Whether an English weekday's first three letters stand here, followed by a blank or comma.
    private static func isWeekday(_ text: SyslogText, at: Int) -> Bool {
        guard text[at + 3] == .blank || text[at + 3] == .comma else { return false }
        let letters = UInt32(text[at] | 0x20) << 16 | UInt32(text[at + 1] | 0x20) << 8 | UInt32(text[at + 2] | 0x20)
        switch letters {
        case 0x6D6F6E, 0x747565, 0x776564, 0x746875, 0x667269, 0x736174, 0x73756E: return true
        default: return false
        }
    }
}
