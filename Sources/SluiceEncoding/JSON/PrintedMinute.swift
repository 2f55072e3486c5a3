import CSluice
import SluiceEvent

/// RFC 3339 printing that keeps the text of the last minute: neighbours in a stream share it nearly always.
struct PrintedMinute {
    private static let length: Int64 = 60_000_000_000

    /// Start of the minute in nanoseconds of local time; `Int64.min` before the first one.
    private var start = Int64.min
    /// `2026-10-09T22:33:` and seven bytes that nobody looks at.
    private var text: (UInt64, UInt64, UInt64) = (0, 0, 0)

    /// Writes what `TimestampText.print` writes, and up to 5 bytes behind it.
    @inline(__always)
    mutating func print(ns: Int64, detail: UInt32, to: UnsafeMutablePointer<UInt8>) -> Int {
        let offset = Int64(Int16(truncatingIfNeeded: detail >> 8))
        let (local, overflow) = ns.addingReportingOverflow(offset &* Self.length)
        // SAFETY: the caller gives `TimestampText.bytesMax` bytes.
        if overflow { return TimestampText.print(ns: ns, detail: detail, to: to) }
        var ofMinute = UInt64(bitPattern: local &- start)
        if ofMinute >= UInt64(Self.length) || start == Int64.min {
            guard fill(local) else { return TimestampText.print(ns: ns, detail: detail, to: to) }
            ofMinute = UInt64(bitPattern: local &- start)
        }
        // SAFETY: writes 24 bytes, then at most 16 from the 20th on.
        UnsafeMutableRawPointer(to).storeBytes(of: text.0, as: UInt64.self)
        UnsafeMutableRawPointer(to + 8).storeBytes(of: text.1, as: UInt64.self)
        UnsafeMutableRawPointer(to + 16).storeBytes(of: text.2, as: UInt64.self)
        let second = UInt32(truncatingIfNeeded: ofMinute / 1_000_000_000)
        let tens = (second &* 103) >> 10
        to[17] = UInt8(truncatingIfNeeded: 0x30 &+ tens)
        to[18] = UInt8(truncatingIfNeeded: 0x30 &+ second &- tens &* 10)
        var length = 19
        let digits = min(Int(detail & 0xFF), 9)
        if digits > 0 {
            to[19] = UInt8(ascii: ".")
            TimestampText.printFraction(UInt32(truncatingIfNeeded: ofMinute % 1_000_000_000), digits: digits, to: to + 20)
            length = 20 &+ digits
        }
        if offset == 0 && detail >> 24 == UInt32(SL_TIME_Z) {
            to[length] = UInt8(ascii: "Z")
            return length &+ 1
        }
        return length &+ TimestampText.printOffset(minutes: Int(offset), spelling: detail >> 24, to: to + length)
    }

    /// Takes the minute of a local time; false at the very edge of what 64 bits hold.
    @inline(never)
    private mutating func fill(_ local: Int64) -> Bool {
        let (minute, _) = CivilTime.floorDivide(local, by: Self.length)
        let (first, overflow) = minute.multipliedReportingOverflow(by: Self.length)
        if overflow { return false }
        start = first
        let civil = CivilTime(seconds: minute &* 60)
        withUnsafeMutableBytes(of: &text) {
            // SAFETY: 19 of the 24 bytes are written.
            TimestampText.printDateTime(
                civil, separator: UInt8(ascii: "T"), to: $0.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
        return true
    }
}
