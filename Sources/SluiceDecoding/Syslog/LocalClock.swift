internal import SluiceEvent

/// Turns written times into instants: adds the year and the zone that RFC 3164 leaves out.
///
/// Remembers the stretch of time over which the last offset holds, so that most lookups are two comparisons.
struct LocalClock {
    private let zone: Zone
    /// Local seconds between which `offset` is the only possible one.
    private var from: Int64 = 0
    private var until: Int64 = 0
    private var offset: Int32 = 0

    init(zone: Zone) { self.zone = zone }

    /// The instant of a local time in the configured zone, and the offset that held.
    @inline(__always)
    mutating func unixSeconds(ofLocal local: Int64) -> (unix: Int64, offset: Int32) {
        if local >= from, local < until { return (local &- Int64(offset), offset) }
        return lookUp(local)
    }

    private mutating func lookUp(_ local: Int64) -> (unix: Int64, offset: Int32) {
        let unix = zone.unixSeconds(ofLocal: local)
        let period = zone.period(atUnix: unix)
        // Local times within a day of a change may exist twice or not at all, so those are looked up each time.
        let margin = Int64(period.offsetSeconds) + 86_400
        from = period.from < .min / 2 ? .min / 2 : period.from + margin
        until = period.until > .max / 2 ? .max / 2 : period.until - 86_400 + Int64(period.offsetSeconds)
        offset = period.offsetSeconds
        return (unix, Int32(truncatingIfNeeded: local - unix))
    }

    /// Seconds that a message may be ahead of its receipt before it is taken to be from the year before.
    static let aheadSecondsMax: Int64 = 86_400

    /// The instant of a written time received at `received` (nanoseconds since 1970); nil when the date is in no year near.
    mutating func resolve(_ time: HeaderTime, received: Int64, flags: inout EventFlags) -> (seconds: Int64, offsetMinutes: Int)? {
        if time.offsetMinutes == nil { flags.insert(.zoneGuessed) }
        if time.hasYear { return instant(of: time, local: time.local) }
        flags.insert(.yearGuessed)
        let (seconds, rest) = CivilTime.floorDivide(received, by: 1_000_000_000)
        let limit = seconds + Self.aheadSecondsMax
        let ofDay = CivilTime.floorDivide(time.local, by: 86_400).remainder
        let newest = CivilTime(seconds: limit).year + 1
        for year in stride(from: newest, through: newest - 10, by: -1) {
            guard time.day <= CivilTime.days(inMonth: time.month, of: year) else { continue }
            let local = CivilTime.days(year: year, month: time.month, day: time.day) * 86_400 + ofDay
            let found = instant(of: time, local: local)
            if found.seconds < limit || (found.seconds == limit && time.fraction <= rest) { return found }
        }
        return nil
    }

    private mutating func instant(of time: HeaderTime, local: Int64) -> (seconds: Int64, offsetMinutes: Int) {
        if let minutes = time.offsetMinutes { return (local - Int64(minutes) * 60, minutes) }
        let found = unixSeconds(ofLocal: local)
        return (found.unix, Int(found.offset) / 60)
    }
}
