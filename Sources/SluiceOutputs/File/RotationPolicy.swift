import SluiceEvent

/// When a file is put away and a new one begun, and how many of the old ones are kept.
struct RotationPolicy: Sendable {
    /// Bytes in the file (as it lies on the disk) from which it is rotated before the next write.
    let sizeBytesMax: Int?
    /// Length of the periods, counted from midnight 1970 in `zone`, at whose end a file is rotated.
    let intervalNs: Int64?
    /// Rotated files that stay; nil for all.
    let keepFiles: Int?
    /// Age from which a rotated file is deleted.
    let ageNsMax: Int64?
    let zone: Zone?

    /// Which period a time belongs to; 0 without periods.
    func period(at now: Int64) -> Int64 {
        guard let intervalNs else { return 0 }
        return CivilTime.floorDivide(now &+ offset(at: now), by: intervalNs).quotient
    }

    /// When the period of a time ends; nil without periods.
    func periodEnd(after now: Int64) -> Int64? {
        guard let intervalNs else { return nil }
        return (period(at: now) + 1) * intervalNs - offset(at: now)
    }

    private func offset(at now: Int64) -> Int64 {
        guard let zone else { return 0 }
        return Int64(zone.offsetSeconds(atUnix: CivilTime.floorDivide(now, by: 1_000_000_000).quotient)) * 1_000_000_000
    }
}
