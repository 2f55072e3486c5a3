import CSluice

/// A point in time with nanoseconds and the spelling it came with.
package struct Timestamp: Equatable, Sendable {
    /// Nanoseconds since 1970 UTC.
    package let nanoseconds: Int64
    /// Digits of the fraction and offset from UTC, as `SL_TIME_DETAIL` packs them.
    package let detail: UInt32

    /// A timestamp that keeps a spelling.
    @inline(__always) package init(nanoseconds: Int64, detail: UInt32) {
        self.nanoseconds = nanoseconds
        self.detail = detail
    }

    /// A timestamp in UTC with as many digits (0, 3, 6 or 9) as its fraction needs.
    package init(nanoseconds: Int64, offsetMinutes: Int = 0) {
        self.init(
            nanoseconds: nanoseconds,
            detail: Timestamp.detail(digits: Timestamp.digits(of: nanoseconds), offsetMinutes: offsetMinutes))
    }

    /// Digits of the fraction that are kept.
    package var digits: Int { Int(detail & 0xFF) }

    /// Offset from UTC in minutes.
    package var offsetMinutes: Int { Int(Int16(truncatingIfNeeded: detail >> 8)) }

    /// What `SL_TIME_DETAIL` makes.
    package static func detail(digits: Int, offsetMinutes: Int) -> UInt32 {
        UInt32(digits) | UInt32(UInt16(bitPattern: Int16(offsetMinutes))) << 8
    }

    /// The smallest of 0, 3, 6 and 9 digits that loses nothing.
    package static func digits(of nanoseconds: Int64) -> Int {
        if nanoseconds % 1_000_000_000 == 0 { return 0 }
        if nanoseconds % 1_000_000 == 0 { return 3 }
        return nanoseconds % 1_000 == 0 ? 6 : 9
    }
}
