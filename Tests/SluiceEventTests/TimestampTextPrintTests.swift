import CSluice
import Testing

@testable import SluiceEvent

@Suite struct TimestampTextPrintTests {
    static func text(_ ns: Int64, digits: UInt32 = 0, offset: Int = 0, spelling: UInt32 = 0) -> String {
        let detail = digits | UInt32(UInt16(bitPattern: Int16(offset))) << 8 | spelling << 24
        return String(unsafeUninitializedCapacity: TimestampText.bytesMax) {
            TimestampText.print(ns: ns, detail: detail, to: $0.baseAddress!)
        }
    }

    @Test(arguments: [
        (Int64(1_791_585_200_000_000_000), UInt32(0), 0, UInt32(0), "2026-10-09T22:33:20Z"),
        (1_791_585_200_000_000_000, 0, 0, 1, "2026-10-09T22:33:20+00:00"),
        (1_791_585_200_000_000_000, 0, 0, 2, "2026-10-09T22:33:20-00:00"),
        (1_791_585_200_120_000_000, 3, 120, 1, "2026-10-10T00:33:20.120+02:00"),
        (1_791_585_200_123_456_789, 9, -570, 2, "2026-10-09T13:03:20.123456789-09:30"),
        (1_791_585_200_123_456_789, 1, 345, 0, "2026-10-10T04:18:20.1+05:45"),
        (-1, 9, 0, 0, "1969-12-31T23:59:59.999999999Z"),
        (Int64.min + 1, 9, 0, 0, "1677-09-21T00:12:43.145224193Z"),
        (Int64.max, 9, 1439, 0, "2262-04-12T23:46:16.854775807+23:59"),
    ])
    func `digits and offset are kept`(ns: Int64, digits: UInt32, offset: Int, spelling: UInt32, expected: String) {
        #expect(Self.text(ns, digits: digits, offset: offset, spelling: spelling) == expected)
    }
}
