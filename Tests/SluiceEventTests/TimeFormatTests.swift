import Foundation
import Testing

@testable import SluiceEvent

@Suite struct TimeFormatTests {
    /// 2026-10-09 22:33:20.123456789 UTC, a Friday.
    static let ns: Int64 = 1_791_585_200_123_456_789

    static func printed(_ format: String, ns: Int64 = ns, offsetSeconds: Int = 0) throws -> String {
        let format = try TimeFormat(format)
        return String(unsafeUninitializedCapacity: format.bytesMax + 1) {
            format.print(ns: ns, offsetSeconds: offsetSeconds, to: $0.baseAddress!)
        }
    }

    static func parsed(_ text: String, _ format: String) throws -> ParsedTime? {
        let format = try TimeFormat(format)
        return Array(text.utf8).withUnsafeBytes { format.parse($0) }
    }

    @Test func `every strftime code prints what the C library prints`() throws {
        let codes =
            "%Y %y %C %m %d %e %H %I %k %l %M %S %j %a %A %b %B %h %p %P %s %u %w %G %g %V %U %W %F %T %R %D %n %t %% %-d %_m"
        for seconds in stride(from: Int64(0), to: 4_000_000_000, by: 123_456_789) {
            var time = time_t(seconds)
            var parts = tm()
            gmtime_r(&time, &parts)
            var bytes = [CChar](repeating: 0, count: 500)
            let count = strftime(&bytes, bytes.count, codes, &parts)
            let expected = String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            #expect(try Self.printed(codes, ns: seconds * 1_000_000_000) == expected)
        }
    }

    @Test(arguments: [
        ("%H:%M:%S", 7200, "00:33:20"), ("%z %:z", -34200, "-0930 -09:30"), ("%Z", 0, "UTC"), ("%Z", 3600, "+0100"),
        ("%f|%L|%N|%1N", 0, "123456|123|123456789|1"), ("%-d/%-m", 0, "9/10"), ("", 0, ""), ("ü%%", 0, "ü%"),
        ("%c", 0, "Fri Oct  9 22:33:20 2026"), ("%r", 0, "10:33:20 PM"), ("%l%p", 0, "10PM"),
    ])
    func `offset and fraction are printed`(format: String, offset: Int, expected: String) throws {
        #expect(try Self.printed(format, offsetSeconds: offset) == expected)
    }

    @Test(arguments: [("%Q", "%Q", 0), ("%H:%", "%", 3), ("a%3Y", "%3Y", 1), ("%:H", "%:H", 0), ("%-", "%-", 0)])
    func `an unknown code is named with its position`(format: String, code: String, position: Int) {
        #expect(throws: TimeFormatError(code: code, position: position)) { try TimeFormat(format) }
    }

    @Test(arguments: [
        ("2026-10-09 22:33:20.123", "%Y-%m-%d %H:%M:%S.%L", Int64(1_791_585_200_123_000_000)),
        ("09/Oct/2026:22:33:20 +0200", "%d/%b/%Y:%H:%M:%S %z", 1_791_578_000_000_000_000),
        ("1791585200.5", "%s.%f", 1_791_585_200_500_000_000),
        ("Friday, October 9, 2026 10:33:20 pm", "%A, %B %d, %Y %I:%M:%S %p", 1_791_585_200_000_000_000),
        ("oct  9 2026", "%b %e %Y", 1_791_504_000_000_000_000),
        ("26282", "%y%j", 1_791_504_000_000_000_000),
        ("2026-10-09T22:33:20Z", "%FT%T%z", 1_791_585_200_000_000_000),
        ("2026-10-09T22:33:20-01:30", "%FT%T%z", 1_791_590_600_000_000_000),
        ("12:00 AM UTC", "%I:%M %p %Z", 0),
        ("-1", "%s", -1_000_000_000),
    ])
    func `a text is read`(text: String, format: String, ns: Int64) throws {
        #expect(try Self.parsed(text, format)?.ns(localOffsetMinutes: 0) == ns)
    }

    @Test(arguments: [
        ("2026-02-30", "%F"), ("2026-10-09x", "%F"), ("2026-10", "%F"), ("25:00", "%R"), ("Okt", "%b"), ("", "%Y"),
        ("13 PM", "%I %p"), ("2025366", "%Y%j"), ("+2", "%z"), (".", ".%f"), ("99999999999999999999", "%s"),
    ])
    func `a text that does not fit is refused`(text: String, format: String) throws {
        #expect(try Self.parsed(text, format) == nil)
    }

    @Test func `what the format does not name is reported absent`() throws {
        let time = try #require(try Self.parsed("Feb 29 10:00", "%b %d %H:%M"))
        #expect(time.hasDate && time.hasTime && !time.hasYear && time.offsetMinutes == nil)
        let clock = try #require(try Self.parsed("10:00", "%H:%M"))
        #expect(!clock.hasDate && clock.hasTime)
        #expect(clock.ns(localOffsetMinutes: 60) == Int64(32_400_000_000_000))
    }

    @Test func `the end of a time within a text is found`() throws {
        let format = try TimeFormat("%H:%M")
        let end = Array("10:05 rest".utf8).withUnsafeBytes { format.parsePrefix($0)?.end }
        #expect(end == 5)
    }
}
