import SluiceEvent
import Testing

@testable import SluiceRules

@Suite struct TimeTests {
    private let call = LibraryBench()

    private func time(_ seconds: Int64, _ nanoseconds: Int64 = 0, digits: Int = 0, offset: Int = 0) -> RuleValue {
        .time(
            Timestamp(
                nanoseconds: seconds * 1_000_000_000 + nanoseconds,
                detail: Timestamp.detail(digits: digits, offsetMinutes: offset)))
    }

    private func parsed(_ text: String, _ format: String, _ zone: String? = nil) -> RuleValue {
        call("timestamp:format", call("time.parse", .string(text), .string(format), zone.map { .string($0) } ?? nil))
    }

    @Test func `now is the clock of the pipeline`() {
        call.context.now = 1_500_000_000_250_000_000
        #expect(call("time.now") == time(1_500_000_000, 250_000_000, digits: 3))
    }

    @Test func `RFC 3339 keeps digits and offset`() {
        #expect(call("time.parse", "2026-01-31T22:14:15.120+02:00") == time(1_769_890_455, 120_000_000, digits: 3, offset: 120))
        #expect(call("timestamp:format", call("time.parse", "2026-01-31T22:14:15.120+02:00")) == "2026-01-31T22:14:15.120+02:00")
        #expect(call.all("time.parse", "yesterday") == [nil, "`yesterday` is no RFC 3339 time such as `2026-01-31T22:14:15Z`"])
        #expect(call("time.parse", "") == nil)
    }

    @Test func `a format reads what strftime would write`() {
        #expect(parsed("10/Oct/2000:13:55:36 -0700", "%d/%b/%Y:%H:%M:%S %z") == "2000-10-10T13:55:36-07:00")
        #expect(parsed("2026-01-31 22:14:15", "%F %T") == "2026-01-31T22:14:15Z")
        #expect(parsed("2026-01-31 22:14:15", "%F %T", "Europe/Berlin") == "2026-01-31T22:14:15+01:00")
        #expect(parsed("2026-07-31 22:14:15", "%F %T", "Europe/Berlin") == "2026-07-31T22:14:15+02:00")
        #expect(parsed("1769890455.25", "%s.%2N") == "2026-01-31T20:14:15.25Z")
        #expect(
            call.all("time.parse", "x", "%F")
                == [nil, "`x` does not fit the format `%F`"])
    }

    @Test func `the change to and from summer time is settled`() {
        // 02:30 does not exist: read with the offset before. 02:30 in October happens twice: the first.
        #expect(call("timestamp:unix", call("time.parse", "2026-03-29 02:30:00", "%F %T", "Europe/Berlin")) == 1_774_747_800)
        #expect(parsed("2026-10-25 02:30:00", "%F %T", "Europe/Berlin") == "2026-10-25T02:30:00+02:00")
        #expect(parsed("2026-03-29 01:59:59", "%F %T", "Europe/Berlin") == "2026-03-29T01:59:59+01:00")
        #expect(parsed("2026-03-29 03:00:00", "%F %T", "Europe/Berlin") == "2026-03-29T03:00:00+02:00")
        let twice = time(1_792_890_000)
        #expect(call("timestamp:format", twice, "%F %T %z", "Europe/Berlin") == "2026-10-25 02:00:00 +0100")
        #expect(call("timestamp:format", time(1_792_886_400), "%F %T %z", "Europe/Berlin") == "2026-10-25 02:00:00 +0200")
        #expect(call("timestamp:truncate", twice, "1h", "Europe/Berlin") == time(1_792_890_000, offset: 60))
    }

    @Test func `a year or date that is left out comes from the clock`() {
        call.context.now = 1_767_225_600_000_000_000  // 2026-01-01 00:00:00
        #expect(parsed("Dec 31 23:59:59", "%b %d %H:%M:%S") == "2025-12-31T23:59:59Z")
        #expect(parsed("Jan  1 12:00:00", "%b %e %H:%M:%S") == "2026-01-01T12:00:00Z")
        #expect(parsed("Jan 3 12:00:00", "%b %e %H:%M:%S") == "2025-01-03T12:00:00Z")
        #expect(parsed("Feb 29 12:00:00", "%b %e %H:%M:%S") == "2024-02-29T12:00:00Z")
        #expect(parsed("13:14:15", "%T") == "2026-01-01T13:14:15Z")
    }

    @Test func `formats and zones that do not exist are errors`() {
        #expect(
            call.failure("time.parse", "x", "%Q")
                == "bad argument #2 to 'time.parse' (unknown code `%Q` in a time format; write `%%` for a percent sign, "
                + "or one of `%Y %m %d %H %M %S %b %z %s %3N`)")
        #expect(
            call.failure("time.parse", "x", "%F", "Mars/Base")
                == "bad argument #3 to 'time.parse' (zone such as `Europe/Berlin` or `+02:00` expected, got `Mars/Base`)")
        #expect(
            call.failure("timestamp:at_zone", time(0), "../../etc/passwd")
                == "bad argument #1 to 'timestamp:at_zone' (zone such as `Europe/Berlin` or `+02:00` expected, got `../../etc/passwd`)"
        )
    }

    @Test func `numbers become times`() {
        #expect(call("time.unix", 1_769_890_455) == time(1_769_890_455))
        #expect(call("time.unix", -1) == time(-1))
        #expect(call("time.unix", 1_769_890_455_123, "ms") == time(1_769_890_455, 123_000_000, digits: 3))
        #expect(call("time.unix", 1_769_890_455.25) == time(1_769_890_455, 250_000_000, digits: 3))
        #expect(call("time.unix", 1_769_890_455_123_456_789, "ns") == time(1_769_890_455, 123_456_789, digits: 9))
        #expect(call.all("time.unix", 1e300).count == 2)
        #expect(call("time.unix", .integer(.max)) == nil)
        #expect(call.failure("time.unix", 1, "h") == "bad argument #2 to 'time.unix' (`s`, `ms`, `us` or `ns` expected, got `h`)")
    }

    @Test func `durations become seconds`() {
        #expect(call("time.duration", "10s") == 10)
        #expect(call("time.duration", "1h30m") == 5_400)
        #expect(call("time.duration", "250ms") == 0.25)
        #expect(call("time.duration", "1.5s") == 1.5)
        #expect(call("time.duration", "2d") == 172_800)
        for text in ["", "s", "10", "10x", "1.s", ".5s", "-1s", "1s ", "1h-5m", "99999999999999d", "1..5s"] {
            #expect(call("time.duration", .string(text)) == nil, "\(text)")
        }
    }

    @Test func `a time is shown in its own offset or in a zone`() {
        let stamp = time(1_769_890_455, 123_456_789, digits: 9, offset: 120)
        #expect(call("timestamp:format", stamp) == "2026-01-31T22:14:15.123456789+02:00")
        #expect(call("timestamp:format", stamp, nil, "UTC") == "2026-01-31T20:14:15.123456789Z")
        #expect(call("timestamp:format", stamp, "%F %H:%M:%S.%3N %z") == "2026-01-31 22:14:15.123 +0200")
        #expect(call("timestamp:format", stamp, "%H:%M", "America/New_York") == "15:14")
        #expect(
            call("timestamp:format", call("timestamp:at_zone", stamp, "Asia/Kolkata")) == "2026-02-01T01:44:15.123456789+05:30")
    }

    @Test func `a time comes apart into numbers`() {
        let stamp = time(1_769_890_455, 123_456_789, digits: 9, offset: 120)
        #expect(
            call("timestamp:parts", stamp)
                == .table(
                    #"{"year":2026,"month":1,"day":31,"hour":22,"min":14,"sec":15,"nanosecond":123456789,"wday":7,"yday":31,"offset":120}"#
                ))
        #expect(call("timestamp:unix", stamp) == 1_769_890_455)
        #expect(call("timestamp:unix", stamp, "ms") == 1_769_890_455_123)
        #expect(call("timestamp:unix", time(-1, 500_000_000)) == -1)
        #expect(call("timestamp:seconds", time(-1, 500_000_000)) == -0.5)
        #expect(call("timestamp:seconds", stamp) == 1_769_890_455.123456789)
    }

    @Test func `a time is cut down to its step`() {
        let stamp = time(1_769_890_455, 123_456_789, digits: 9, offset: 120)
        #expect(call("timestamp:format", call("timestamp:truncate", stamp, "1h")) == "2026-01-31T22:00:00+02:00")
        #expect(call("timestamp:format", call("timestamp:truncate", stamp, "5m")) == "2026-01-31T22:10:00+02:00")
        #expect(call("timestamp:format", call("timestamp:truncate", stamp, "1d")) == "2026-01-31T00:00:00+02:00")
        #expect(call("timestamp:format", call("timestamp:truncate", stamp, 1)) == "2026-01-31T22:14:15+02:00")
        #expect(call("timestamp:format", call("timestamp:truncate", stamp, "100ms")) == "2026-01-31T22:14:15.100+02:00")
        // Midnight of the day of the change has another offset than its noon.
        let noon = call("time.parse", "2026-03-29 12:00:00", "%F %T", "Europe/Berlin")
        #expect(call("timestamp:format", call("timestamp:truncate", noon, "1d", "Europe/Berlin")) == "2026-03-29T00:00:00+01:00")
        #expect(call("timestamp:format", call("timestamp:truncate", time(-1), "1d")) == "1969-12-31T00:00:00Z")
    }
}
