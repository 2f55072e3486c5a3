/// A time zone's abbreviation behind a time, as routers and old hosts write it.
struct ZoneName {
    /// nil for names that mean different offsets in different countries (`CST`, `IST`, `BST`, …).
    let offsetMinutes: Int?
    let end: Int

    /// Reads two to five capital letters that are the name of a zone; nil for others.
    init?(_ text: SyslogText, at start: Int) {
        var end = start
        var letters: UInt64 = 0
        while end - start < 6, text[end] &- 0x41 <= 25 {
            letters = letters << 8 | UInt64(text[end])
            end += 1
        }
        guard end > start else { return nil }
        switch letters {
        case 0x55_5443, 0x47_4D54, 0x5A: offsetMinutes = 0  // UTC GMT Z
        case 0x57_4554: offsetMinutes = 0  // WET
        case 0x5745_5354, 0x43_4554: offsetMinutes = 60  // WEST CET
        case 0x4345_5354, 0x45_4554: offsetMinutes = 120  // CEST EET
        case 0x4545_5354, 0x4D_534B: offsetMinutes = 180  // EEST MSK
        case 0x48_4B54, 0x53_4754: offsetMinutes = 480  // HKT SGT
        case 0x4A_5354, 0x4B_5354: offsetMinutes = 540  // JST KST
        case 0x4145_5354: offsetMinutes = 600  // AEST
        case 0x4145_4454: offsetMinutes = 660  // AEDT
        case 0x4E5A_5354: offsetMinutes = 720  // NZST
        case 0x4E5A_4454: offsetMinutes = 780  // NZDT
        case 0x45_4454: offsetMinutes = -240  // EDT
        case 0x45_5354, 0x43_4454: offsetMinutes = -300  // EST CDT
        case 0x4D_4454: offsetMinutes = -360  // MDT
        case 0x4D_5354, 0x50_4454: offsetMinutes = -420  // MST PDT
        case 0x50_5354, 0x414B_4454: offsetMinutes = -480  // PST AKDT
        case 0x414B_5354: offsetMinutes = -540  // AKST
        case 0x48_5354: offsetMinutes = -600  // HST
        case 0x43_5354, 0x49_5354, 0x42_5354, 0x41_5354, 0x41_4454, 0x42_5254, 0x47_5354, 0x53_5354:
            offsetMinutes = nil  // CST IST BST AST ADT BRT GST SST
        default: return nil
        }
        self.end = end
    }
}
