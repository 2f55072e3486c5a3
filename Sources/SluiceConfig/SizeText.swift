/// Sizes as users write them.
package enum SizeText {
    /// `64KiB`, `1MiB`, `100B`: the largest unit without a remainder.
    package static func text(_ bytes: Int) -> String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        where bytes >= 1 << shift && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes)B"
    }
}

/// Durations as users write them.
package enum DurationText {
    /// `250ms`, `10s`, `5m`: the largest unit without a remainder.
    package static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        for (factor, unit) in OptionValues.durationUnits.reversed() where nanoseconds % factor == 0 {
            return "\(nanoseconds / factor)\(unit)"
        }
        return "\(nanoseconds)ns"
    }
}
