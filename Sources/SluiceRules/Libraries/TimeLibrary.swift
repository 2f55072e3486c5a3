import CSluice
import SluiceEvent

/// `time`: timestamps from texts and numbers, durations.
enum TimeLibrary {
    static let functions: [HostFunction] = [
        HostFunction(
            "time", "now", [], returns: [HostResult("now", "timestamp", "")], "The time of the pipeline's clock.",
            notes: "In `filter`, `replay` and tests the clock is the latest timestamp seen.",
            example: #"event.delay = time.now() - event.timestamp"#
        ) { call, context in call.push(Timestamp(nanoseconds: context.now)) },
        HostFunction(
            "time", "parse",
            [
                HostParameter("text", .string, "a time as text"),
                .optional("format", .string, "codes as in strftime; without it RFC 3339"),
                .optional("zone", .string, "zone of a text that names none (`Europe/Berlin`, `+02:00`), by default the system's"),
            ], returns: [HostResult("time", "timestamp?", "nil when the text does not fit"), .reason],
            "The time that a text says.",
            notes: timeCodes + " A format without a year takes the latest year that puts the time at most a day ahead of the "
                + "clock, one without a date the day of the clock. A time that the change to summer time skips is read with the "
                + "offset before it, one that happens twice is the first of both.",
            example: #"event.timestamp = time.parse(event.when, "%d/%b/%Y:%H:%M:%S %z") or event.timestamp"#, body: parse),
        HostFunction(
            "time", "unix", [HostParameter("number", .number, "time since 1970 UTC"), unit],
            returns: [HostResult("time", "timestamp?", "nil beyond the years 1678 to 2261"), .reason],
            "The time of a number of seconds since 1970.", notes: "A float keeps its microseconds.",
            example: #"event.timestamp = time.unix(event.epoch_ms, "ms")"#, body: unix),
        HostFunction(
            "time", "duration", [HostParameter("text", .string, "such as `250ms`, `1.5s`, `1h30m`, `2d`")],
            returns: [HostResult("seconds", "number?", "integer when whole"), .reason], "The seconds of a duration.",
            example: #"event.seconds = time.duration(event.elapsed)"#
        ) { call, _ in
            guard let nanoseconds = NumberText.duration(call.bytes(0)) else {
                return call.refuse("`\(call.string(0))` is no duration such as `250ms` or `1h30m`")
            }
            let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
            if rest == 0 { call.push(seconds) } else { call.push(Double(nanoseconds) / 1e9) }
        },
    ]

    static let timeCodes =
        "Codes: `%Y %m %d %e %H %M %S %y %b %B %a %A %j %I %p %z %Z %s %F %T`, fractions `%f` (6 digits), `%3N`, `%6N`, `%9N`."
    static let unit = HostParameter.optional(
        "unit", .string, type: "'s'|'ms'|'us'|'ns'", "unit of the number, by default `s`")

    /// Nanoseconds of a unit; fails the call when there is no such unit.
    static func nanoseconds(ofUnit index: Int, _ call: HostCall, of name: String) -> Int64? {
        guard call.has(index) else { return 1_000_000_000 }
        let text = call.bytes(index)
        if text.elementsEqual("s".utf8) { return 1_000_000_000 }
        if text.elementsEqual("ms".utf8) { return 1_000_000 }
        if text.elementsEqual("us".utf8) { return 1_000 }
        if text.elementsEqual("ns".utf8) { return 1 }
        call.failArgument(index, of: name, "`s`, `ms`, `us` or `ns` expected, got `\(call.string(index))`")
        return nil
    }

    private static func unix(_ call: HostCall, _ context: HostContext) {
        guard let unit = nanoseconds(ofUnit: 1, call, of: "time.unix") else { return }
        let nanoseconds: Int64?
        if call.kind(0) == .integer {
            let (product, overflow) = call.integer(0).multipliedReportingOverflow(by: unit)
            nanoseconds = overflow ? nil : product
        } else {
            // A double of today's seconds tells microseconds apart and not nanoseconds.
            let microseconds = (call.number(0) * Double(unit) / 1_000).rounded()
            let (product, overflow) = (Int64(exactly: microseconds) ?? .max).multipliedReportingOverflow(by: 1_000)
            nanoseconds = overflow ? nil : product
        }
        guard let nanoseconds else { return call.refuse("\(call.number(0)) is beyond the years 1678 to 2261") }
        call.push(Timestamp(nanoseconds: nanoseconds))
    }

    private static func parse(_ call: HostCall, _ context: HostContext) {
        let text = call.bytes(0)
        guard call.has(1) else {
            guard let start = text.baseAddress, text.count > 0,
                let (nanoseconds, detail) = TimestampText.parseRFC3339(
                    start.assumingMemoryBound(to: UInt8.self), text.count)
            else { return call.refuse("`\(call.string(0))` is no RFC 3339 time such as `2026-01-31T22:14:15Z`") }
            return call.push(Timestamp(nanoseconds: nanoseconds, detail: detail))
        }
        guard let format = context.format(call, 1, of: "time.parse") else { return }
        guard let zone = context.zone(call, 2, of: "time.parse") else { return }
        guard let parsed = format.parse(text) else {
            return call.refuse("`\(call.string(0))` does not fit the format `\(call.string(1))`")
        }
        guard let time = timestamp(parsed, zone, now: context.now) else {
            return call.refuse("`\(call.string(0))` is beyond the years 1678 to 2261")
        }
        call.push(time)
    }

    /// The instant of a parsed time; what it leaves out comes from the zone and the clock.
    private static func timestamp(_ parsed: ParsedTime, _ zone: Zone, now: Int64) -> Timestamp? {
        var parsed = parsed
        let offset = parsed.offsetMinutes
        func seconds(_ civil: CivilTime) -> Int64 {
            offset.map { civil.seconds &- Int64($0) &* 60 } ?? zone.unixSeconds(ofLocal: civil.seconds)
        }
        let nowSeconds = CivilTime.floorDivide(now, by: 1_000_000_000).quotient
        let today = CivilTime(
            seconds: nowSeconds &+ (offset.map { Int64($0) &* 60 } ?? Int64(zone.offsetSeconds(atUnix: nowSeconds))))
        if !parsed.hasDate, parsed.unixSeconds == nil {
            parsed.civil.year = today.year
            parsed.civil.month = today.month
            parsed.civil.day = today.day
        } else if !parsed.hasYear, parsed.unixSeconds == nil {
            parsed.civil.year = today.year + 1
            while parsed.civil.year > today.year - 8, !parsed.civil.isValid || seconds(parsed.civil) > nowSeconds &+ 86_400 {
                parsed.civil.year -= 1
            }
        }
        guard (1677...2262).contains(parsed.civil.year) || parsed.unixSeconds != nil else { return nil }
        let unix = parsed.unixSeconds ?? seconds(parsed.civil)
        let (product, overflow) = unix.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(Int64(parsed.nanoseconds))
        if overflow || carry { return nil }
        let minutes = offset ?? (parsed.unixSeconds == nil ? Int(zone.offsetSeconds(atUnix: unix)) / 60 : 0)
        let detail = Timestamp.detail(digits: Int(parsed.digits), offsetMinutes: minutes)
        return Timestamp(nanoseconds: sum, detail: detail | parsed.spelling << 24)
    }
}

extension HostContext {
    /// The format of an argument; fails the call when it is none.
    func format(_ call: HostCall, _ index: Int, of name: String) -> TimeFormat? {
        do throws(TimeFormatError) {
            return try caches.formats.value(call.bytes(index)) { (text) throws(TimeFormatError) in
                try TimeFormat(String(decoding: text, as: UTF8.self))
            }
        } catch {
            call.failArgument(index, of: name, error.message)
            return nil
        }
    }

    /// The zone of an argument, or the system's when there is none; fails the call when there is no such zone.
    func zone(_ call: HostCall, _ index: Int, of name: String) -> Zone? {
        guard call.has(index) else { return localZone }
        do throws(ZoneError) {
            return try caches.zones.value(call.bytes(index)) { (text) throws(ZoneError) in
                try Zone(named: String(decoding: text, as: UTF8.self))
            }
        } catch {
            call.failArgument(index, of: name, "zone such as `Europe/Berlin` or `+02:00` expected, got `\(call.string(index))`")
            return nil
        }
    }
}
