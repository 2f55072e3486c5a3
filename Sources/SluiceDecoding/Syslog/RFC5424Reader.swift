internal import SluiceEvent

/// Reads RFC 5424 messages, by the letter or tolerantly.
struct RFC5424Reader {
    private let text: SyslogText
    private let isStrict: Bool
    /// Strict reading checks the message's bytes as well as the header.
    private let isMessageChecked: Bool
    var fields = SyslogFields()
    private var at = 0

    init(_ text: SyslogText, strict: Bool, checkingMessage: Bool = true) {
        self.text = text
        isStrict = strict
        isMessageChecked = checkingMessage
    }

    /// Why a frame is no RFC 5424 message.
    typealias Refusal = StaticString

    /// Reads the whole frame; the reason when it breaks the standard. A tolerant reading answers a reason only when there is
    /// no version or time, so that the frame must be something else.
    mutating func read(clock: inout LocalClock, received: Int64) -> Refusal? {
        if let refusal = readPriorityAndVersion() { return refusal }
        let start = at
        if let refusal = readTime(clock: &clock, received: received) { return refusal }
        let isEpoch = text[start].isDigit && text[start + 4] != .dash
        if isStrict { return readStrictly() }
        readTolerantly(isEpoch: isEpoch)
        return nil
    }

    private mutating func readPriorityAndVersion() -> Refusal? {
        let priority = SyslogPriority(text, at: isStrict ? 0 : text.startOfPriority)
        fields.flags.formUnion(priority.flags)
        fields.priority = priority.value
        // Without a PRI the version has to begin the text.
        guard isStrict ? priority.flags.isEmpty : priority.end > 0 || text[0].isDigit else {
            return "the PRI at the start is not `<0>` to `<191>`; RFC 5424 §6.2.1"
        }
        at = isStrict ? priority.end : text.skippingBlanks(priority.end)
        guard let version = text.number(at, digitsMax: 3), text[at] != 0x30, text[version.end] == .blank else {
            return "no VERSION of 1 to 3 digits and a blank behind the PRI; RFC 5424 §6.2.2"
        }
        fields.version = Int(version.value)
        at = version.end + 1
        if !isStrict, text[at] == .blank {
            at = text.skippingBlanks(at)
            fields.flags.insert(.rfc5424Partial)
        }
        return nil
    }

    private mutating func readTime(clock: inout LocalClock, received: Int64) -> Refusal? {
        if text[at] == .dash, text[at + 1] == .blank || at + 1 >= text.count {
            at += 1
            fields.flags.insert(.noTimestamp)
            return nil
        }
        let refusal: Refusal =
            "TIMESTAMP is neither `-` nor an RFC 3339 time with `T`, zone and at most 6 digits; RFC 5424 §6.2.3"
        if isStrict, !isStrictTime() { return refusal }
        guard text[at].isDigit, let time = HeaderTime.read(text, at: at), !isStrict || text[time.end] == .blank else {
            return refusal
        }
        fields.setTime(time, text: SyslogPiece(start: at, end: time.end), clock: &clock, received: received)
        at = time.end
        return nil
    }

    private func isStrictTime() -> Bool {
        guard let scan = text.withBytes(from: at, { TimestampText.scan($0, $1) }) else { return false }
        let last = text[at + scan.length - 1]
        return text[at + 10] == 0x54 && scan.hasOffset && !scan.isLeapSecond && scan.fractionDigits <= 6 && last != 0x7A
            && text[at + scan.length] == .blank
    }
}

// -- by the letter ------------------------------------------------------------------------------------------------------

extension RFC5424Reader {
    private mutating func readStrictly() -> Refusal? {
        guard let hostname = value(bytesMax: 255) else {
            return "HOSTNAME is not 1 to 255 printable characters; RFC 5424 §6.2.4"
        }
        guard let appname = value(bytesMax: 48) else { return "APP-NAME is not 1 to 48 printable characters; RFC 5424 §6.2.5" }
        guard let procid = value(bytesMax: 128) else { return "PROCID is not 1 to 128 printable characters; RFC 5424 §6.2.6" }
        guard let msgid = value(bytesMax: 32) else { return "MSGID is not 1 to 32 printable characters; RFC 5424 §6.2.7" }
        fields.hostname = hostname
        fields.appname = appname
        fields.procid = procid
        fields.msgid = msgid
        guard text[at] == .blank else { return "no STRUCTURED-DATA behind MSGID; RFC 5424 §6.3" }
        at += 1
        if text[at] == .dash {
            at += 1
        } else {
            guard let data = StructuredData(text, at: at, strict: true) else {
                return "STRUCTURED-DATA is neither `-` nor well-formed elements; RFC 5424 §6.3"
            }
            fields.structuredData = data
            at = data.piece.end
        }
        guard at < text.count else { return nil }
        guard text[at] == .blank else { return "no blank between STRUCTURED-DATA and MSG; RFC 5424 §6.4" }
        readMessage(from: at + 1)
        if isMessageChecked, fields.flags.contains(.bomRemoved), let message = fields.message, !text.isUTF8(message) {
            return "MSG begins with a byte-order mark and is not UTF-8; RFC 5424 §6.4"
        }
        return nil
    }

    /// A header field behind one blank, empty for `-`; nil when it breaks the grammar.
    private mutating func value(bytesMax: Int) -> SyslogPiece? {
        guard text[at] == .blank else { return nil }
        let start = at + 1
        at = start
        while text[at].isGraphic { at += 1 }
        guard at > start, at - start <= bytesMax, at >= text.count || text[at] == .blank else { return nil }
        return at - start == 1 && text[start] == .dash ? SyslogPiece.none : SyslogPiece(start: start, end: at)
    }

    private mutating func readMessage(from start: Int) {
        var start = start
        if text[start] == 0xEF, text[start + 1] == 0xBB, text[start + 2] == 0xBF {
            start += 3
            fields.flags.insert(.bomRemoved)
        }
        fields.message = SyslogPiece(start: min(start, text.count), end: text.count)
    }
}

// -- tolerantly ---------------------------------------------------------------------------------------------------------

extension RFC5424Reader {
    private mutating func readTolerantly(isEpoch: Bool) {
        fields.hostname = word(bytesMax: 255)
        fields.appname = word(bytesMax: 48)
        let afterAppname = at
        fields.procid = word(bytesMax: 128)
        fields.msgid = word(bytesMax: 32)
        let start = text.skippingBlanks(at)
        if start - at > 1 { fields.flags.insert(.rfc5424Partial) }
        if text[start] == .dash, start + 1 >= text.count || text[start + 1] == .blank {
            if start + 1 < text.count { readMessage(from: start + 2) }
            return
        }
        if text[start] == .open {
            guard let data = StructuredData(text, at: start, strict: false) else {
                fields.flags.insert(.sdInvalid)
                return readMessage(from: start)
            }
            let isGlued = data.piece.end < text.count && text[data.piece.end] != .blank
            if data.isRepaired || isGlued { fields.flags.insert(.sdInvalid) }
            fields.structuredData = data
            if data.piece.end < text.count { readMessage(from: isGlued ? data.piece.end : data.piece.end + 1) }
            return
        }
        fields.flags.insert(.rfc5424Partial)
        // Meraki and others end their header here: what looks like PROCID and MSGID is text.
        if isEpoch || !isNumber(fields.procid) {
            let message = text.skippingBlanks(afterAppname)
            fields.procid = .none
            fields.msgid = .none
            if message < text.count { readMessage(from: message) }
        } else if start < text.count {
            readMessage(from: start)
        }
    }

    /// The next word, empty for `-` and at the end.
    private mutating func word(bytesMax: Int) -> SyslogPiece {
        let start = text.skippingBlanks(at)
        let end = text.endOfWord(start)
        if start - at > 1 || end - start > bytesMax { fields.flags.insert(.rfc5424Partial) }
        at = end
        return end - start == 1 && text[start] == .dash ? .none : SyslogPiece(start: start, end: end)
    }

    /// Whether a PROCID is absent or a number, as nearly every sender of a whole header writes it.
    private func isNumber(_ piece: SyslogPiece) -> Bool {
        guard !piece.isEmpty else { return true }
        for at in piece.start..<piece.end where !text[at].isDigit { return false }
        return true
    }
}
