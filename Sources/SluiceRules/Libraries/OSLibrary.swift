import CSluice
import SluiceEvent

/// The safe part of Lua's `os`: `date`, `time`, `clock`, on the pipeline's clock.
enum OSLibrary {
    static let functions: [HostFunction] = [
        HostFunction(
            "os", "time",
            [.optional("date", .table, "fields `year`, `month`, `day`, and `hour` (12), `min`, `sec`, in the local zone")],
            returns: [HostResult("seconds", "integer", "Unix seconds")],
            "The clock in whole seconds, or the seconds of a date.",
            notes: "In `filter`, `replay` and tests the clock is the latest timestamp seen.",
            example: #"event.age = os.time() - os.time{year = 2026, month = 1, day = 1}"#, body: time),
        HostFunction(
            "os", "date",
            [
                .optional("format", .string, "codes as in strftime, `*t` for a table; a leading `!` means UTC; by default `%c`"),
                .optional("time", .number, "Unix seconds, by default the clock"),
            ], returns: [HostResult("date", "string|table", "")], "A time as text or as a table of its parts.",
            example: #"event.day = os.date("!%Y-%m-%d")"#, body: date),
        HostFunction(
            "os", "clock", [], returns: [HostResult("seconds", "number", "")], "CPU time of the lane's thread in seconds.",
            example: #"local started = os.clock()"#
        ) { call, _ in call.push(Double(CPUClock.nanoseconds) / 1e9) },
    ]

    private static func time(_ call: HostCall, _ context: HostContext) {
        guard call.has(0) else { return call.push(CivilTime.floorDivide(context.now, by: 1_000_000_000).quotient) }
        func field(_ name: String, _ standard: Int?) -> Int? {
            let text = call.bytes(0)
            guard let base = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return standard }
            var value = sl_span()
            guard sl_json_member(base, text.count, name, name.utf8.count, &value) else { return standard }
            let digits = UnsafeRawBufferPointer(rebasing: text[Int(value.offset)..<Int(value.end)])
            return Int(String(decoding: digits, as: UTF8.self))
        }
        var parts: [Int] = []
        for (name, standard) in [("year", nil), ("month", nil), ("day", nil), ("hour", 12), ("min", 0), ("sec", 0)]
            as [(String, Int?)]
        {
            guard let value = field(name, standard) else {
                return call.fail("field `\(name)` of the date given to os.time is missing or no integer")
            }
            guard (-100_000...100_000).contains(value) else {
                return call.fail("field `\(name)` of the date given to os.time is out of range")
            }
            parts.append(value)
        }
        // Months and days beyond their range carry over, as in C.
        let months = parts[0] * 12 + parts[1] - 1
        let year = Int(CivilTime.floorDivide(Int64(months), by: 12).quotient)
        let days = CivilTime.days(year: year, month: months - year * 12 + 1, day: 1) + Int64(parts[2] - 1)
        let local = days * 86_400 + Int64(parts[3] * 3_600 + parts[4] * 60 + parts[5])
        call.push(context.localZone.unixSeconds(ofLocal: local))
    }

    private static func date(_ call: HostCall, _ context: HostContext) {
        var format = call.has(0) ? call.string(0) : "%c"
        let isUTC = format.hasPrefix("!")
        if isUTC { format.removeFirst() }
        let seconds: Int64
        if call.has(1) {
            guard let given = Int64(exactly: call.number(1).rounded(.down)), (-9_000_000_000...9_000_000_000).contains(given)
            else {
                return call.fail("bad argument #2 to 'os.date' (time out of range)")
            }
            seconds = given
        } else {
            seconds = CivilTime.floorDivide(context.now, by: 1_000_000_000).quotient
        }
        let offset = isUTC ? 0 : Int64(context.localZone.offsetSeconds(atUnix: seconds))
        let civil = CivilTime(seconds: seconds + offset)
        if format.hasPrefix("*t") {
            let json =
                "{\"year\":\(civil.year),\"month\":\(civil.month),\"day\":\(civil.day),\"hour\":\(civil.hour),\"min\":\(civil.minute)"
                + ",\"sec\":\(civil.second),\"wday\":\(civil.weekday + 1),\"yday\":\(civil.yearDay),\"isdst\":false}"
            return Array(json.utf8).withUnsafeBytes { call.push(json: $0) }
        }
        if format.isEmpty { return call.push("") }
        // `%c` and `%x`, `%X` are those of the C locale.
        format = format.replacing("%c", with: "%a %b %e %H:%M:%S %Y").replacing("%x", with: "%m/%d/%y").replacing(
            "%X", with: "%H:%M:%S")
        do throws(TimeFormatError) {
            let compiled = try TimeFormat(format)
            var text = [UInt8](repeating: 0, count: compiled.bytesMax)
            let count = text.withUnsafeMutableBufferPointer { to in
                compiled.print(ns: seconds * 1_000_000_000, offsetSeconds: Int(offset), to: to.baseAddress!)
            }
            text[..<count].withUnsafeBytes { call.push($0) }
        } catch {
            call.fail("bad argument #1 to 'os.date' (\(error.message))")
        }
    }
}
