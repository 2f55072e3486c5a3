import Testing

@testable import SluiceEvent

@Suite struct ZoneTests {
    @Test(arguments: [
        ("+05:00", 18000), ("-0330", -12600), ("UTC", 0), ("UTC+2", 7200), ("GMT-11", -39600), ("+5", 18000), ("Z", 0),
    ])
    func `fixed offsets are read in every common spelling`(name: String, seconds: Int32) throws {
        #expect(try Zone(named: name).offsetSeconds(atUnix: 1_700_000_000) == seconds)
    }

    @Test(arguments: ["Nowhere/City", "../passwd", "Europe", "", "+25:00", "+1:2:3", "a//b", "zone.tab"])
    func `a name that is no zone is refused`(name: String) {
        #expect(throws: ZoneError.self) { try Zone(named: name) }
    }

    @Test(arguments: [
        ("Europe/Berlin", Int64(1_774_746_000), 7200), ("Europe/Berlin", 1_774_745_999, 3600),
        // Behind the last transition of the file: by the footer's rule.
        ("Europe/Berlin", 4_078_429_200, 7200), ("Europe/Berlin", 4_078_429_199, 3600),
        ("America/New_York", 1_793_512_800, -18000), ("America/New_York", 1_793_512_799, -14400),
        ("Europe/Dublin", 4_070_952_000, 0), ("Europe/Dublin", 4_086_585_600, 3600),
        ("Asia/Tokyo", 0, 32400), ("Europe/Berlin", -5_000_000_000, 3208),
        ("America/Nuuk", 4_078_429_199, -7200), ("America/Nuuk", 4_078_429_200, -3600),
    ])
    func `zone files give the offset of an instant`(name: String, unix: Int64, seconds: Int32) throws {
        #expect(try Zone(named: name).offsetSeconds(atUnix: unix) == seconds)
    }

    @Test func `a period ends where the offset changes`() throws {
        let period = try Zone(named: "Europe/Berlin").period(atUnix: 1_780_000_000)
        #expect(period == (7200, 1_774_746_000, 1_792_890_000))
    }

    @Test func `a doubled local time is the first of both and a skipped one keeps the old offset`() throws {
        let zone = try Zone(named: "Europe/Berlin")
        // 25 October 2026 02:30 happens twice, 29 March 2026 02:30 never.
        #expect(zone.unixSeconds(ofLocal: 1_792_895_400) == 1_792_895_400 - 7200)
        #expect(zone.unixSeconds(ofLocal: 1_774_751_400) == 1_774_751_400 - 3600)
        #expect(zone.unixSeconds(ofLocal: 1_780_000_000) == 1_780_000_000 - 7200)
    }

    @Test func `the forms of the POSIX rule are read`() throws {
        let rule = try #require(ZoneRule(posix: "<-02>2<-01>,M3.5.0/-1,M10.5.0/0".utf8))
        #expect(rule.standardSeconds == -7200)
        #expect(ZoneRule(posix: "EST5EDT,J60/2,300".utf8)?.daylight?.seconds == -14400)
        #expect(ZoneRule(posix: "EST".utf8) == nil)
        #expect(ZoneRule(posix: "CET-1CEST".utf8) == nil)
        #expect(ZoneRule(posix: "CET-1CEST,M13.1.1,M1.1.1".utf8) == nil)
    }

    @Test func `a zone file cut off anywhere never crashes`() throws {
        var file = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        for count in [0, 0, 0, 1, 1, 4] as [UInt8] { file += [0, 0, 0, count] }
        file += [0, 0, 0, 0, 0] + [0, 0, 14, 16, 0, 0] + Array("ABC\0".utf8)
        let block = file[..<44] + [0, 0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 14, 16, 0, 0] + Array("ABC\0".utf8)
        let whole = file + block + Array("\nABC-1\n".utf8)
        #expect(try Zone(name: "t", file: whole).offsetSeconds(atUnix: 5) == 3600)
        for length in 0..<whole.count { _ = try? Zone(name: "t", file: Array(whole[..<length])) }
    }
}
