internal import Glibc

/// A time zone cannot be had.
package enum ZoneError: Error, Equatable, Sendable {
    /// Neither a fixed offset nor a file below the zone folder.
    case unknown(String)
    /// The file is there and is no zone file.
    case malformed(String)
}

/// Offsets from UTC over time: from a zone file of the system (`Europe/Berlin`), or fixed (`UTC`, `+05:30`).
///
/// Immutable; lookups neither allocate nor lock. Leap seconds do not count, as in POSIX time.
package final class Zone: Sendable {
    /// The name that it was asked for by.
    package let name: String

    /// `offsets[n]` holds from `transitions[n]` up to the next one; before the first it is `firstOffset`.
    private let transitions: [Int64]
    private let offsets: [Int32]
    private let firstOffset: Int32
    /// Holds behind the last transition.
    private let rule: ZoneRule?

    /// Coordinated Universal Time.
    package static let utc = Zone(name: "UTC", offsetSeconds: 0)

    /// A constant offset.
    package init(name: String, offsetSeconds: Int32) {
        self.name = name
        transitions = []
        offsets = []
        firstOffset = offsetSeconds
        rule = nil
    }

    /// A zone by IANA name (`Europe/Berlin`), fixed offset (`+05:00`, `-0330`, `UTC+2`) or `UTC`.
    package convenience init(named name: String) throws(ZoneError) {
        if let seconds = Self.fixedOffset(name) {
            self.init(name: name, offsetSeconds: seconds)
            return
        }
        // A name must not lead out of the folder of zones.
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, name.utf8.count <= 255, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }),
            let bytes = Self.read("/usr/share/zoneinfo/" + name)
        else { throw .unknown(name) }
        try self.init(name: name, file: bytes)
    }

    /// The zone of this process: `TZ`, else `/etc/localtime`, else UTC.
    package static func system() -> Zone {
        if let value = getenv("TZ") {
            var text = String(cString: value)
            if text.hasPrefix(":") { text.removeFirst() }
            if text.isEmpty { return utc }
            if text.hasPrefix("/") {
                return read(text).flatMap { try? Zone(name: text, file: $0) } ?? utc
            }
            if let zone = try? Zone(named: text) { return zone }
            if let rule = ZoneRule(posix: text.utf8) { return Zone(name: text, rule: rule) }
            return utc
        }
        return read("/etc/localtime").flatMap { try? Zone(name: "localtime", file: $0) } ?? utc
    }

    /// A zone that follows one rule for ever.
    package init(name: String, rule: ZoneRule) {
        self.name = name
        transitions = []
        offsets = []
        firstOffset = rule.standardSeconds
        self.rule = rule
    }

    /// A zone from the bytes of a zone file (RFC 8536).
    package init(name: String, file bytes: [UInt8]) throws(ZoneError) {
        guard let table = ZoneFile(bytes) else { throw .malformed(name) }
        self.name = name
        transitions = table.transitions
        offsets = table.offsets
        firstOffset = table.firstOffset
        rule = table.rule
    }

    /// Seconds that local time is ahead of UTC at an instant.
    package func offsetSeconds(atUnix seconds: Int64) -> Int32 { period(atUnix: seconds).offsetSeconds }

    /// The offset at an instant, and the seconds from and before which it holds without a break.
    package func period(atUnix seconds: Int64) -> (offsetSeconds: Int32, from: Int64, until: Int64) {
        // First transition that is later than the instant.
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] > seconds { high = middle } else { low = middle + 1 }
        }
        if low == transitions.count, let rule {
            var period = rule.period(atUnix: seconds)
            if let last = transitions.last { period.from = max(period.from, last) }
            return period
        }
        return (
            low == 0 ? firstOffset : offsets[low - 1], low == 0 ? .min : transitions[low - 1],
            low == transitions.count ? .max : transitions[low]
        )
    }

    /// The instant of a local time given in seconds as if it were UTC. A time that happens twice is the first of both; one
    /// that is skipped is taken with the offset that held before.
    package func unixSeconds(ofLocal seconds: Int64) -> Int64 {
        let before = offsetSeconds(atUnix: seconds &- 86_400)
        let early = seconds &- Int64(before)
        if offsetSeconds(atUnix: early) == before { return early }
        let after = offsetSeconds(atUnix: seconds &+ 86_400)
        let late = seconds &- Int64(after)
        if offsetSeconds(atUnix: late) == after { return late }
        return early
    }
}

extension Zone {
    /// Seconds of `UTC`, `GMT`, `Z`, `+05:00`, `-0330`, `+5`, `UTC+2`; nil for other text.
    private static func fixedOffset(_ name: String) -> Int32? {
        var text = Substring(name)
        for prefix in ["UTC", "GMT"] where text.hasPrefix(prefix) {
            text = text.dropFirst(3)
            if text.isEmpty { return 0 }
            break
        }
        if text == "Z" { return 0 }
        guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
        let parts = text.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }) else { return nil }
        let hours: Int32?
        let minutes: Int32?
        switch (parts.count, parts[0].utf8.count) {
        case (1, 1...2): (hours, minutes) = (Int32(parts[0]), 0)
        case (1, 4): (hours, minutes) = (Int32(parts[0].prefix(2)), Int32(parts[0].suffix(2)))
        case (2, 1...2) where parts[1].utf8.count == 2: (hours, minutes) = (Int32(parts[0]), Int32(parts[1]))
        default: return nil
        }
        guard let hours, let minutes, hours <= 23, minutes <= 59 else { return nil }
        return (hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
    }

    /// The bytes of a regular file of at most 1 MiB.
    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 20 else { return nil }
        let size = Int(status.st_size)
        // SAFETY: read writes at most the room that is left of the `size` bytes reserved.
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = 0
            while count < size {
                let got = Glibc.read(file, buffer.baseAddress! + count, size - count)
                if got <= 0 { break }
                count += got
            }
        }
    }
}
