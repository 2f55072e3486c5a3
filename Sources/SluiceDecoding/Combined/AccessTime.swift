internal import CSluice
internal import SluiceEvent

/// The time of an access log, `10/Oct/2000:13:55:36 -0700`, with the last day kept: lines of one day share it.
struct AccessTime {
    /// Bytes of the text.
    static let length = 26

    /// Nanoseconds since 1970 UTC.
    private(set) var ns: Int64 = 0
    /// Offset as an SL_TIMESTAMP slot keeps it.
    private(set) var detail: UInt32 = 0
    /// Date and offset of the text before, as words (`10/Oct/2`, `ct/2000:`, ` -0700`), and the start of that day there.
    /// The last of them never has its upper bytes set, so that nothing equals the first value.
    private var date: (UInt64, UInt64, UInt64) = (0, 0, .max)
    private var dayStart: Int64 = 0

    /// Reads the text at `at`, of which `length` bytes are readable; false when it is no such time.
    @inline(__always)
    mutating func read(_ at: UnsafePointer<UInt8>) -> Bool {
        let text = UnsafeRawPointer(at)
        // Lines come in order: the day and the offset are nearly always those of the line before.
        let now = (
            text.loadUnaligned(as: UInt64.self), text.loadUnaligned(fromByteOffset: 4, as: UInt64.self),
            UInt64(littleEndian: text.loadUnaligned(fromByteOffset: 18, as: UInt64.self)) >> 16
        )
        if now != date {
            guard readDate(at) else { return false }
            date = now
        }
        let colon = UInt8(ascii: ":")
        guard at[14] == colon, at[17] == colon, let hour = Self.pair(at + 12), let minute = Self.pair(at + 15),
            let second = Self.pair(at + 18), hour <= 23, minute <= 59, second <= 60,
            let ns = TimestampText.nanoseconds(dayStart + Int64(hour * 3600 + minute * 60 + second), 0)
        else { return false }
        self.ns = ns
        return true
    }

    /// Months by their lower-case letters.
    private static let months: StaticString = "janfebmaraprmayjunjulaugsepoctnovdec"

    @inline(never)
    private mutating func readDate(_ at: UnsafePointer<UInt8>) -> Bool {
        let slash = UInt8(ascii: "/")
        guard at[2] == slash, at[6] == slash, at[11] == UInt8(ascii: ":"), at[20] == 0x20,
            at[21] == UInt8(ascii: "+") || at[21] == UInt8(ascii: "-"),
            let day = Self.pair(at), let month = Self.month(at + 3), let century = Self.pair(at + 7),
            let year = Self.pair(at + 9), let zoneHour = Self.pair(at + 22), let zoneMinute = Self.pair(at + 24),
            day >= 1, day <= CivilTime.days(inMonth: month, of: century * 100 + year), zoneHour <= 23, zoneMinute <= 59
        else { return false }
        let isNegative = at[21] == UInt8(ascii: "-")
        let offset = (zoneHour * 60 + zoneMinute) * (isNegative ? -1 : 1)
        let days = CivilTime.days(year: century * 100 + year, month: month, day: day)
        dayStart = days * 86_400 - Int64(offset * 60)
        detail = UInt32(UInt16(bitPattern: Int16(offset))) << 8
        if offset == 0 { detail |= UInt32(isNegative ? SL_TIME_MINUS_ZERO : SL_TIME_PLUS_ZERO) << 24 }
        return true
    }

    /// The number of a month, from 1.
    private static func month(_ at: UnsafePointer<UInt8>) -> Int? {
        let names = months.utf8Start
        for index in 0..<12 {
            let name = names + index * 3
            if at[0] | 0x20 == name[0], at[1] | 0x20 == name[1], at[2] | 0x20 == name[2] { return index + 1 }
        }
        return nil
    }

    /// Two digits.
    @inline(__always)
    private static func pair(_ at: UnsafePointer<UInt8>) -> Int? {
        let tens = at[0] &- 0x30
        let ones = at[1] &- 0x30
        return tens <= 9 && ones <= 9 ? Int(tens) * 10 + Int(ones) : nil
    }
}
