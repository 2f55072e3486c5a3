import CSluice

/// RFC 3339 text of timestamps, with the digits and the offset that they came with.
package enum TimestampText {
    /// Bytes that ``print(ns:detail:to:)`` writes at most: `1677-09-21T00:12:43.145224192+23:59`.
    package static let bytesMax = 40
}

extension TimestampText {
    /// Writes RFC 3339 text and answers its length.
    ///
    /// `ns` counts from 1970 UTC; `detail` gives the digits of the fraction and the offset (`SL_TIME_*` of `sluice_event.h`).
    /// `to` has room for ``bytesMax`` bytes.
    @inlinable
    package static func print(ns: Int64, detail: UInt32, to: UnsafeMutablePointer<UInt8>) -> Int {
        let (seconds, fraction) = CivilTime.floorDivide(ns, by: 1_000_000_000)
        let offset = Int(Int16(truncatingIfNeeded: detail >> 8))
        let civil = CivilTime(seconds: seconds &+ Int64(offset) &* 60)
        // SAFETY: 19 bytes of date and time, at most 10 of fraction and 6 of offset; the caller gives 40.
        printDateTime(civil, separator: 0x54, to: to)
        var length = 19
        let digits = min(Int(detail & 0xFF), 9)
        if digits > 0 {
            to[19] = 0x2E
            printFraction(UInt32(truncatingIfNeeded: fraction), digits: digits, to: to + 20)
            length = 20 &+ digits
        }
        return length &+ printOffset(minutes: offset, spelling: detail >> 24, to: to + length)
    }

    /// Writes the 19 bytes `2026-10-09T22:33:20`, with `separator` in place of the `T`. Years outside 0...9999 are cut.
    @inlinable
    package static func printDateTime(_ civil: CivilTime, separator: UInt8, to: UnsafeMutablePointer<UInt8>) {
        // SAFETY: writes 19 bytes, which the caller gives.
        let year = UInt32(truncatingIfNeeded: civil.year) % 10_000
        printPair(year / 100, to: to)
        printPair(year % 100, to: to + 2)
        to[4] = 0x2D
        printPair(UInt32(truncatingIfNeeded: civil.month), to: to + 5)
        to[7] = 0x2D
        printPair(UInt32(truncatingIfNeeded: civil.day), to: to + 8)
        to[10] = separator
        printPair(UInt32(truncatingIfNeeded: civil.hour), to: to + 11)
        to[13] = 0x3A
        printPair(UInt32(truncatingIfNeeded: civil.minute), to: to + 14)
        to[16] = 0x3A
        printPair(UInt32(truncatingIfNeeded: civil.second), to: to + 17)
    }

    /// Writes the first `digits` (1...9) digits of a fraction in nanoseconds.
    @inlinable
    package static func printFraction(_ nanoseconds: UInt32, digits: Int, to: UnsafeMutablePointer<UInt8>) {
        var rest = nanoseconds
        var scale: UInt32 = 100_000_000
        // SAFETY: writes `digits` bytes, which the caller gives.
        for index in 0..<digits {
            to[index] = UInt8(truncatingIfNeeded: 0x30 &+ rest / scale)
            rest %= scale
            scale /= 10
        }
    }

    /// Writes `Z`, `+02:00`, and for a zero offset what `spelling` (`SL_TIME_Z` and so on) says; answers the length.
    @inlinable
    package static func printOffset(minutes: Int, spelling: UInt32, to: UnsafeMutablePointer<UInt8>) -> Int {
        // SAFETY: writes at most 6 bytes, which the caller gives.
        if minutes == 0 && spelling == UInt32(SL_TIME_Z) {
            to[0] = 0x5A
            return 1
        }
        let isNegative = minutes < 0 || (minutes == 0 && spelling == UInt32(SL_TIME_MINUS_ZERO))
        let size = UInt32(truncatingIfNeeded: minutes.magnitude)
        to[0] = isNegative ? 0x2D : 0x2B
        printPair(size / 60 % 100, to: to + 1)
        to[3] = 0x3A
        printPair(size % 60, to: to + 4)
        return 6
    }

    /// Writes two digits of a number below 100.
    @inlinable @inline(__always)
    package static func printPair(_ value: UInt32, to: UnsafeMutablePointer<UInt8>) {
        let tens = (value &* 103) >> 10
        // SAFETY: writes 2 bytes, which the caller gives.
        to[0] = UInt8(truncatingIfNeeded: 0x30 &+ tens)
        to[1] = UInt8(truncatingIfNeeded: 0x30 &+ value &- tens &* 10)
    }
}
