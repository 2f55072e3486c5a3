import Foundation
import Testing

@testable import SluiceRules

/// `event.timestamp` and what is done with it.
@Suite struct TimestampTests {
    static let line = #"{"timestamp":"2026-10-09T22:33:20.120000001+02:00"}"#

    private func value(_ expression: String, of line: String = line) throws -> String {
        let text = try LaneFixture.json(line, "event.r = \(expression)")
        guard let start = text.range(of: #""r":"#) else { return text }
        return String(text[start.upperBound...].dropLast())
    }

    @Test func `RFC 3339 text reads as a timestamp and is written as it came until assigned`() throws {
        let odd = #"{"timestamp":"2026-10-09t22:33:20.10z","a":1}"#
        #expect(try LaneFixture.json(odd, "event.a = 2") == #"{"timestamp":"2026-10-09t22:33:20.10z","a":2}"#)
        #expect(
            try LaneFixture.json(odd, "event.timestamp = event.timestamp") == #"{"timestamp":"2026-10-09T22:33:20.10Z","a":1}"#)
    }

    @Test func `other text under the name is text`() throws {
        #expect(try value("type(event.timestamp)", of: #"{"timestamp":"yesterday"}"#) == #""string""#)
        #expect(try value("type(event.timestamp)", of: #"{"timestamp":5}"#) == #""number""#)
    }

    @Test func `no timestamp is added`() throws {
        #expect(try LaneFixture.json(#"{"a":1}"#, "event.r = event.timestamp == nil") == #"{"a":1,"r":true}"#)
    }

    @Test func `it keeps its offset and digits`() throws {
        #expect(try value("tostring(event.timestamp)") == #""2026-10-09T22:33:20.120000001+02:00""#)
        #expect(try value("event.timestamp + 60") == #""2026-10-09T22:34:20.120000001+02:00""#)
        #expect(
            try value("event.timestamp + 0.5", of: #"{"timestamp":"2026-01-01T00:00:00Z"}"#) == #""2026-01-01T00:00:00.500Z""#)
    }

    @Test func `it compares`() throws {
        #expect(
            try value(
                "array{event.timestamp == event.timestamp, event.timestamp < event.timestamp + 1, event.timestamp <= event.timestamp, event.timestamp > event.timestamp - 0.000000001, event.timestamp == 5}"
            )
                == "[true,true,true,true,false]")
        #expect(try value(#"time.parse("2026-10-09T20:33:20.120000001Z") == event.timestamp"#) == "true")
        #expect(try value("event.timestamp < 5") == "a timestamp was expected, got number (`time.parse` makes one from text)")
    }

    @Test func `plus and minus take seconds, to the nanosecond`() throws {
        #expect(try value("event.timestamp - 0.000000001") == #""2026-10-09T22:33:20.120000000+02:00""#)
        #expect(try value("10 + event.timestamp - 10 == event.timestamp") == "true")
        #expect(try value("event.timestamp + 'x'") == "a timestamp is moved by seconds, not by a string")
        #expect(try value("5 - event.timestamp") == "a timestamp was expected, got number (`time.parse` makes one from text)")
    }

    @Test func `a difference is float seconds`() throws {
        #expect(try value("(event.timestamp + 90) - event.timestamp") == "90.0")
        #expect(try value("event.timestamp - (event.timestamp + 0.25)") == "-0.25")
    }

    @Test func `format and unix`() throws {
        #expect(try value(#"event.timestamp:format("%Y-%m-%d %H:%M:%S")"#) == #""2026-10-09 22:33:20""#)
        #expect(try value(#"event.timestamp:format("%H", "UTC")"#) == #""20""#)
        #expect(try value("event.timestamp:unix()") == "1791578000")
        #expect(try value("'at ' .. event.timestamp") == #""at 2026-10-09T22:33:20.120000001+02:00""#)
    }

    @Test(arguments: [
        (#"time.parse("2026-01-01T00:00:00.5+01:00")"#, "2026-01-01T00:00:00.5+01:00"),
        (#""2026-01-01T00:00:00Z""#, "2026-01-01T00:00:00Z"),
        ("0", "1970-01-01T00:00:00Z"), ("1767225600.25", "2026-01-01T00:00:00.250Z"), ("-1", "1969-12-31T23:59:59Z"),
    ])
    func `the field takes a timestamp, RFC 3339 text or Unix seconds`(value: String, written: String) throws {
        #expect(try LaneFixture.json("{}", "event.timestamp = \(value)") == #"{"timestamp":"\#(written)"}"#)
    }

    @Test(arguments: [("'yesterday'", "other text"), ("true", "boolean"), ("{}", "table"), ("null", "null"), ("1e300", "number")])
    func `other values are refused`(value: String, kind: String) throws {
        #expect(
            try LaneFixture.json("{}", "event.timestamp = \(value)")
                == "field `timestamp` takes a timestamp, RFC 3339 text or Unix seconds, not \(kind)")
    }

    @Test func `other fields hold timestamps as well`() throws {
        #expect(
            try LaneFixture.json(
                #"{"timestamp":"2026-01-01T00:00:00Z"}"#,
                "event.seen = event.timestamp + 1 event.r = event.seen - event.timestamp")
                == #"{"timestamp":"2026-01-01T00:00:00Z","seen":"2026-01-01T00:00:01Z","r":1.0}"#)
    }

    @Test func `time_field names another field, which reads as a timestamp and goes on being the event's time`() throws {
        let lane = try LaneFixture(
            body: "event.next = event.ts + 1 event.timestamp = 0 event.kept = event.ts event.ts = event.next")
        lane.add(json: #"{"ts":"2026-01-01T00:00:00z"}"#, format: "json:time_field=ts")
        #expect(
            lane.runJSON() == [
                #"{"ts":"2026-01-01T00:00:01Z","next":"2026-01-01T00:00:01Z","timestamp":"1970-01-01T00:00:00Z","kept":"2026-01-01T00:00:00Z"}"#
            ])
    }

    @Test func `nil deletes it`() throws {
        #expect(try LaneFixture.json(Self.line, "event.timestamp = nil") == "{}")
    }

    @Test func `a time beyond the years that nanoseconds reach is an error`() throws {
        #expect(try value("event.timestamp + 8e9") == "the time is outside of the years 1678 to 2262")
    }
}
