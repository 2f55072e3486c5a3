internal import CSluice

extension TimestampText {
    /// A time read from the start of some text.
    package struct Scan {
        /// Whole seconds since 1970 UTC; of a time without zone, as if it were UTC.
        package var seconds: Int64
        /// Nanoseconds of the second.
        package var fraction: Int64
        /// Digits, offset and spelling as an SL_TIMESTAMP slot keeps them.
        package var detail: UInt32
        /// Bytes read.
        package var length: Int
        /// Whether an offset was there.
        package var hasOffset: Bool
        /// Whether the second is 60.
        package var isLeapSecond: Bool
        /// Digits of the fraction as given; more than nine are read and not kept.
        package var fractionDigits: Int

        /// Nanoseconds since 1970, nil outside of what 64 bits hold (1677 to 2262).
        package var ns: Int64? { TimestampText.nanoseconds(seconds, fraction) }
    }

    /// The instant and `detail` of text that is an RFC 3339 date and time as a whole (`T`, `t` or one blank between them,
    /// `Z`, `z` or `±hh:mm` behind, any number of fraction digits); nil for other text.
    package static func parseRFC3339(_ text: UnsafePointer<UInt8>, _ count: Int) -> (ns: Int64, detail: UInt32)? {
        guard let scan = scan(text, count), scan.hasOffset, scan.length == count, let ns = scan.ns else { return nil }
        return (ns, scan.detail)
    }

    /// Reads a date and time from the start of the text, with or without an offset; nil when there is none.
    package static func scan(_ text: UnsafePointer<UInt8>, _ count: Int) -> Scan? {
        guard count >= 19, text[4] == 0x2D, text[7] == 0x2D, text[13] == 0x3A, text[16] == 0x3A else { return nil }
        let separator = text[10]
        guard separator == 0x54 || separator == 0x74 || separator == 0x20 else { return nil }
        guard let century = pair(text), let yearOfCentury = pair(text + 2), let month = pair(text + 5),
            let day = pair(text + 8), let hour = pair(text + 11), let minute = pair(text + 14), let second = pair(text + 17)
        else { return nil }
        let year = century * 100 + yearOfCentury
        guard month >= 1, month <= 12, day >= 1, day <= CivilTime.days(inMonth: month, of: year), hour <= 23, minute <= 59, second <= 60
        else {
            return nil
        }
        var at = 19
        var fraction: Int64 = 0
        var digits = 0
        if at < count, text[at] == 0x2E {
            at += 1
            while at < count, text[at] &- 0x30 <= 9 {
                if digits < 9 { fraction = fraction * 10 + Int64(text[at] &- 0x30) }
                digits += 1
                at += 1
            }
            if digits == 0 { return nil }
        }
        var seconds = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second).seconds
        var detail = UInt32(min(digits, 9))
        var hasOffset = false
        if at < count, text[at] | 0x20 == 0x7A {
            at += 1
            hasOffset = true
        } else if at + 6 <= count, text[at] == 0x2B || text[at] == 0x2D, text[at + 3] == 0x3A,
            let hours = pair(text + at + 1), let minutes = pair(text + at + 4), hours <= 23, minutes <= 59
        {
            let isNegative = text[at] == 0x2D
            let offset = (hours * 60 + minutes) * (isNegative ? -1 : 1)
            seconds -= Int64(offset * 60)
            detail |= UInt32(UInt16(bitPattern: Int16(offset))) << 8
            if offset == 0 { detail |= (isNegative ? UInt32(SL_TIME_MINUS_ZERO) : UInt32(SL_TIME_PLUS_ZERO)) << 24 }
            at += 6
            hasOffset = true
        }
        for _ in min(digits, 9)..<9 { fraction *= 10 }
        return Scan(
            seconds: seconds, fraction: fraction, detail: detail, length: at, hasOffset: hasOffset,
            isLeapSecond: second == 60, fractionDigits: digits)
    }

    /// Nanoseconds since 1970, nil outside of what 64 bits hold (1677 to 2262).
    package static func nanoseconds(_ seconds: Int64, _ fraction: Int64) -> Int64? {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowAgain) = product.addingReportingOverflow(fraction)
        return overflow || overflowAgain || sum == .min ? nil : sum
    }

    /// Two digits, nil when they are none.
    @inline(__always)
    private static func pair(_ text: UnsafePointer<UInt8>) -> Int? {
        let tens = text[0] &- 0x30
        let ones = text[1] &- 0x30
        return tens <= 9 && ones <= 9 ? Int(tens) * 10 + Int(ones) : nil
    }
}
