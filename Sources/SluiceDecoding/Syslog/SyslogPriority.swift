internal import SluiceEvent

/// The `<PRI>` at the start of a frame.
struct SyslogPriority {
    /// Facility × 8 + severity, or -1 without a usable one.
    var value = -1
    /// Behind the `>`, or where the text begins when there is no PRI.
    var end = 0
    var flags: EventFlags = .none
    /// The brackets hold a number that is too large: what follows may still be a header.
    var isOutOfRange = false

    /// Largest PRI: local7.debug.
    static let max = 191

    /// Reads `<0>`…`<191>`. Leading zeros are taken and flagged; anything else in the brackets is text.
    init(_ text: SyslogText, at start: Int) {
        end = start
        guard text[start] == .less, let number = text.number(start + 1, digitsMax: 24), text[number.end] == .greater else {
            flags = text[start] == .less ? EventFlags.noPri.union(.priInvalid) : .noPri
            return
        }
        let digits = number.end - start - 1
        guard digits <= 18, number.value <= Int64(Self.max) else {
            flags = EventFlags.noPri.union(.priInvalid)
            isOutOfRange = true
            end = number.end + 1
            return
        }
        value = Int(number.value)
        end = number.end + 1
        if digits > 1, text[start + 1] == 0x30 { flags = .priInvalid }
    }
}

extension SyslogText {
    /// Where the PRI begins: 0, or behind white space that a sender put before it.
    @inline(__always)
    var startOfPriority: Int {
        self[0] == .less ? 0 : startBehindBlanks
    }

    private var startBehindBlanks: Int {
        var at = 0
        while self[at] == .blank || self[at] &- 0x09 <= 4 { at += 1 }
        return self[at] == .less && self[at + 1].isDigit ? at : 0
    }
}
