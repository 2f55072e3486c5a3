import CSluice
import Testing

@testable import SluiceEvent

@Suite struct TimestampTextTests {
    private func parse(_ text: String) -> (ns: Int64, detail: UInt32)? {
        Array(text.utf8).withUnsafeBufferPointer { TimestampText.parseRFC3339($0.baseAddress!, $0.count) }
    }

    private static let times: [(String, Int64, UInt32)] = [
        ("2026-10-09T22:33:20Z", 1_791_585_200_000_000_000, 0),
        ("2026-10-09t22:33:20.120z", 1_791_585_200_120_000_000, 3),
        ("2026-10-09 22:33:20+00:00", 1_791_585_200_000_000_000, 1 << 24),
        ("2026-10-09T22:33:20-00:00", 1_791_585_200_000_000_000, 2 << 24),
        ("2026-10-10T03:33:20.123456789+05:00", 1_791_585_200_123_456_789, 9 | 300 << 8),
        ("2026-10-09T18:33:20.1234567891-04:00", 1_791_585_200_123_456_789, 9 | 0xFF10 << 8),
        ("1969-12-31T23:59:59Z", -1_000_000_000, 0),
    ]

    @Test(arguments: times)
    func `RFC 3339 text keeps instant, digits, offset and spelling`(text: String, ns: Int64, detail: UInt32) throws {
        let time = try #require(parse(text))
        #expect(time.ns == ns)
        #expect(time.detail == detail)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-10-09T24:00:00Z", "2026-10-09T22:33:20", "2026-10-09T22:33:20.Z",
        "2026-10-09T22:33:20Zx", "2026-10-09T22:33:20+24:00", "2026-10-09", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z",
        "2026-10-09T22:33:61Z", "2026-10-09T22:33:20+0500",
    ])
    func `text that is no RFC 3339 time is refused`(text: String) {
        #expect(parse(text) == nil)
    }
}
