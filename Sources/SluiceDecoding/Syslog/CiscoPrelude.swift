/// What Cisco devices write before the time: `29: foo: *`, `: `, `138076: RP/0/RP0/CPU0:`, `35: 1w2d: `, or only a `*` or `.`.
struct CiscoPrelude {
    /// Digits of the last sequence number.
    private(set) var sequence = SyslogPiece.none
    /// The device's own name.
    private(set) var origin = SyslogPiece.none
    /// `*`: the clock was never set; `.`: it lost its time source.
    private(set) var isUnsynchronised = false
    /// Seconds since the device was started, which it writes while it has no clock: `00:01:02: `, `1w2d: `.
    private(set) var uptimeSeconds: Int64?
    /// Where the time, the mnemonic or the end follows.
    private(set) var end: Int

    /// Reads the prelude at `start`; nil when neither a time nor `%` nor the end of the text comes behind it.
    init?(_ text: SyslogText, at start: Int) {
        var at = start
        if text[at] == .colon, text[at + 1] == .blank { at = text.skippingBlanks(at + 1) }
        while let number = text.number(at, digitsMax: 12), text[number.end] == .colon,
            number.end + 1 >= text.count || text[number.end + 1] == .blank
        {
            sequence = SyslogPiece(start: at, end: number.end)
            at = text.skippingBlanks(number.end + 1)
        }
        if !sequence.isEmpty, let (seconds, next) = Self.uptime(text, at: at) {
            uptimeSeconds = seconds
            at = next
        } else if !sequence.isEmpty, let (name, next) = Self.origin(text, at: at) {
            origin = name
            at = next
        }
        if text[at] == 0x2A || text[at] == .dot, HeaderTime.read(text, at: at + 1) != nil {
            isUnsynchronised = true
            at += 1
        }
        guard at > start else { return nil }
        end = at
        guard isUnsynchronised || Self.isTarget(text, at) || (at >= text.count && !sequence.isEmpty) else { return nil }
    }

    /// `foo: ` before a time or mnemonic, or `RP/0/RP0/CPU0:` glued to a time.
    private static func origin(_ text: SyslogText, at start: Int) -> (name: SyslogPiece, next: Int)? {
        let end = text.endOfWord(start)
        guard end - start > 1, text[start] != .percent else { return nil }
        if text[end - 1] == .colon {
            let next = text.skippingBlanks(end)
            let isMarked = text[next] == 0x2A || text[next] == .dot
            return isTarget(text, next) || (isMarked && HeaderTime.read(text, at: next + 1) != nil)
                ? (SyslogPiece(start: start, end: end - 1), next) : nil
        }
        var at = end - 1
        while at > start, text[at] != .colon { at -= 1 }
        guard at > start, HeaderTime.month(text, at: at + 1) != nil, HeaderTime.read(text, at: at + 1) != nil else {
            return nil
        }
        return (SyslogPiece(start: start, end: at), at + 1)
    }

    /// `hh:mm:ss: ` or numbers with the units y, w, d, h, m, s: `1w2d: `.
    private static func uptime(_ text: SyslogText, at start: Int) -> (seconds: Int64, next: Int)? {
        guard let first = text.number(start, digitsMax: 6) else { return nil }
        var seconds: Int64 = 0
        var at = first.end
        if text[at] == .colon {
            guard let minutes = text.pair(at + 1), text[at + 3] == .colon, let rest = text.pair(at + 4) else { return nil }
            seconds = first.value * 3_600 + Int64(minutes) * 60 + Int64(rest)
            at += 6
        } else {
            at = start
            while let number = text.number(at, digitsMax: 6) {
                switch text[number.end] {
                case 0x79: seconds += number.value * 31_536_000
                case 0x77: seconds += number.value * 604_800
                case 0x64: seconds += number.value * 86_400
                case 0x68: seconds += number.value * 3_600
                case 0x6D: seconds += number.value * 60
                case 0x73: seconds += number.value
                default: return nil
                }
                at = number.end + 1
            }
        }
        guard text[at] == .colon, text[at + 1] == .blank else { return nil }
        return (seconds, text.skippingBlanks(at + 1))
    }

    private static func isTarget(_ text: SyslogText, _ at: Int) -> Bool {
        text[at] == .percent || HeaderTime.read(text, at: at) != nil
    }
}
