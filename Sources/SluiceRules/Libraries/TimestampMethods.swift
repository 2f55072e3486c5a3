import CSluice
import SluiceEvent

/// The methods of timestamp values: `event.timestamp:format("%F")`.
enum TimestampMethods {
    static let functions: [HostFunction] = [
        HostFunction(
            HostFunction.methods, "format",
            [
                this, .optional("format", .string, "codes as in strftime; without it RFC 3339"),
                .optional(
                    "zone", .string, "zone to show the time in (`Europe/Berlin`, `UTC`), by default the timestamp's own offset"),
            ], returns: [HostResult("text", "string", "")], "The time as text.", notes: TimeLibrary.timeCodes,
            example: #"event.day = event.timestamp:format("%Y-%m-%d", "Europe/Berlin")"#, body: format),
        HostFunction(
            HostFunction.methods, "unix", [this, TimeLibrary.unit], returns: [HostResult("number", "integer", "rounded down")],
            "Whole seconds since 1970 UTC, or another unit of them.", example: #"event.epoch_ms = event.timestamp:unix("ms")"#
        ) { call, _ in
            guard let unit = TimeLibrary.nanoseconds(ofUnit: 1, call, of: "timestamp:unix") else { return }
            call.push(CivilTime.floorDivide(call.timestamp(0).nanoseconds, by: unit).quotient)
        },
        HostFunction(
            HostFunction.methods, "seconds", [this], returns: [HostResult("seconds", "number", "float")],
            "Seconds since 1970 UTC with their fraction.", example: #"event.epoch = event.timestamp:seconds()"#
        ) { call, _ in
            let (seconds, rest) = CivilTime.floorDivide(call.timestamp(0).nanoseconds, by: 1_000_000_000)
            call.push(Double(seconds) + Double(rest) / 1e9)
        },
        HostFunction(
            HostFunction.methods, "parts", [this, zone],
            returns: [
                HostResult(
                    "parts",
                    "{year: integer, month: integer, day: integer, hour: integer, min: integer, sec: integer, nanosecond: integer, wday: integer, yday: integer, offset: integer}",
                    "named as in `os.date(\"*t\")`; `wday` 1 is Sunday, `offset` in minutes")
            ], "Year, month, day and so on as numbers.", example: #"event.hour = event.timestamp:parts("Europe/Berlin").hour"#,
            body: parts),
        HostFunction(
            HostFunction.methods, "truncate",
            [this, HostParameter("step", .duration, "such as `1h`, `5m`, or seconds"), zone],
            returns: [HostResult("time", "timestamp", "")],
            "The start of the step that the time lies in: of its hour, day, five minutes.",
            notes: "Steps count from midnight 1 January 1970, in the local time of the zone.",
            example: #"event.window = event.timestamp:truncate("5m")"#, body: truncate),
        HostFunction(
            HostFunction.methods, "at_zone",
            [this, HostParameter("zone", .string, "zone such as `Europe/Berlin`, `UTC`, `+02:00`")],
            returns: [HostResult("time", "timestamp", "the same instant")],
            "The same instant, written with the offset of a zone.",
            example: #"event.timestamp = event.timestamp:at_zone("UTC")"#
        ) { call, context in
            guard let zone = context.zone(call, 1, of: "timestamp:at_zone") else { return }
            let time = call.timestamp(0)
            let seconds = CivilTime.floorDivide(time.nanoseconds, by: 1_000_000_000).quotient
            let detail = Timestamp.detail(digits: time.digits, offsetMinutes: Int(zone.offsetSeconds(atUnix: seconds)) / 60)
            call.push(Timestamp(nanoseconds: time.nanoseconds, detail: detail))
        },
    ]

    private static let this = HostParameter("self", .timestamp, "the timestamp")
    private static let zone = HostParameter.optional(
        "zone", .string, "zone such as `Europe/Berlin`, by default the timestamp's own offset")

    /// Offset in seconds that a call's zone argument, or else the timestamp itself, has at an instant.
    private static func offset(_ call: HostCall, _ index: Int, _ context: HostContext, of name: String) -> Int? {
        let time = call.timestamp(0)
        guard call.has(index) else { return time.offsetMinutes * 60 }
        guard let zone = context.zone(call, index, of: name) else { return nil }
        return Int(zone.offsetSeconds(atUnix: CivilTime.floorDivide(time.nanoseconds, by: 1_000_000_000).quotient))
    }

    private static func format(_ call: HostCall, _ context: HostContext) {
        let time = call.timestamp(0)
        guard let offset = offset(call, 2, context, of: "timestamp:format") else { return }
        let start = call.textStart
        if !call.has(1) {
            // SAFETY: room for the longest text was reserved.
            let to = sl_buffer_reserve(call.scratch, TimestampText.bytesMax)!
            let detail = call.has(2) ? Timestamp.detail(digits: time.digits, offsetMinutes: offset / 60) : time.detail
            call.scratch.pointee.length += TimestampText.print(ns: time.nanoseconds, detail: detail, to: to)
            return call.pushText(from: start)
        }
        guard let format = context.format(call, 1, of: "timestamp:format") else { return }
        // SAFETY: room for the longest text of this format was reserved.
        let to = sl_buffer_reserve(call.scratch, format.bytesMax)!
        call.scratch.pointee.length += format.print(ns: time.nanoseconds, offsetSeconds: offset, to: to)
        call.pushText(from: start)
    }

    private static func parts(_ call: HostCall, _ context: HostContext) {
        guard let offset = offset(call, 1, context, of: "timestamp:parts") else { return }
        let (seconds, nanosecond) = CivilTime.floorDivide(call.timestamp(0).nanoseconds, by: 1_000_000_000)
        let civil = CivilTime(seconds: seconds &+ Int64(offset))
        let start = call.textStart
        var writer = TableWriter(call.scratch)
        writer.integer("year", Int64(civil.year))
        writer.integer("month", Int64(civil.month))
        writer.integer("day", Int64(civil.day))
        writer.integer("hour", Int64(civil.hour))
        writer.integer("min", Int64(civil.minute))
        writer.integer("sec", Int64(civil.second))
        writer.integer("nanosecond", nanosecond)
        writer.integer("wday", Int64(civil.weekday) + 1)
        writer.integer("yday", Int64(civil.yearDay))
        writer.integer("offset", Int64(offset / 60))
        writer.end()
        call.pushTable(from: start)
    }

    private static func truncate(_ call: HostCall, _ context: HostContext) {
        guard let step = call.duration(1, of: "timestamp:truncate"),
            let offset = offset(call, 2, context, of: "timestamp:truncate")
        else { return }
        let time = call.timestamp(0)
        let shift = Int64(offset) * 1_000_000_000
        // Within a day and a step of the ends of what 64 bits hold there is nothing to cut down to.
        let margin = step.addingReportingOverflow(86_400_000_000_000)
        guard !margin.overflow, time.nanoseconds >= .min + margin.partialValue, time.nanoseconds <= .max - margin.partialValue
        else { return call.push(time) }
        let local = time.nanoseconds + shift
        var nanoseconds = local - CivilTime.floorDivide(local, by: step).remainder - shift
        var minutes = offset / 60
        if call.has(2), let zone = context.zone(call, 2, of: "timestamp:truncate") {
            // The change to or from summer time may lie between the start of the step and the time.
            let seconds = CivilTime.floorDivide(nanoseconds + shift, by: 1_000_000_000)
            let start = zone.unixSeconds(ofLocal: seconds.quotient)
            let exact = start * 1_000_000_000 + seconds.remainder
            // Of an hour that happens twice the later one stays in itself.
            if step > 3_600_000_000_000 || zone.offsetSeconds(atUnix: start) == Int32(offset) { nanoseconds = exact }
            minutes = Int(zone.offsetSeconds(atUnix: CivilTime.floorDivide(nanoseconds, by: 1_000_000_000).quotient)) / 60
        }
        let detail = Timestamp.detail(digits: Timestamp.digits(of: nanoseconds), offsetMinutes: minutes)
        call.push(Timestamp(nanoseconds: nanoseconds, detail: detail))
    }
}
