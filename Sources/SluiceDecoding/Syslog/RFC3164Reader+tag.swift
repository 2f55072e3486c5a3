internal import SluiceEvent

extension RFC3164Reader {
    /// Longest process id in brackets.
    private static let procidBytesMax = 128

    /// Reads the tag at `start` and the message behind it. Without a tag all from `start` on is the message. `allowsBare`:
    /// a word without colon and process id is a tag as well.
    mutating func readTag(_ start: Int, allowsBare: Bool) {
        guard let end = endOfTag(start), !isRepeatNotice(start) else { return setMessage(start) }
        switch text[end] {
        case .colon: readColon(start, end)
        case .open: readProcid(start, end)
        default: readBare(start, end, allowsBare: allowsBare)
        }
    }

    /// The colon, bracket or blank behind a tag's name, or the end; nil when a byte cannot be part of a tag.
    private func endOfTag(_ start: Int) -> Int? {
        var at = start
        while at < text.count {
            switch text[at] {
            case .blank: return at > start ? at : nil
            case .open: return at > start ? at : nil
            case .colon:
                // `CCFile::captureLogRun` is one word.
                if text[at + 1] != .colon { return at > start ? at : nil }
                at += 2
            case .brace where at == start: return nil
            case .equals, .comma, .quote, .less, .greater, 0..<0x20: return nil
            default: at += 1
            }
        }
        return at > start ? at : nil
    }

    private mutating func readColon(_ start: Int, _ end: Int) {
        let next = text[end + 1]
        let first = text[start]
        if end + 1 < text.count, next != .blank {
            // `Serverlog:2017-03-23 …` is a tag; times, paths and addresses are not.
            guard first.isLetter || first == .percent, next != .slash, next != .backslash else { return setMessage(start) }
        }
        fields.appname = SyslogPiece(start: start, end: end)
        setMessageBehindTag(end + 1)
    }

    private mutating func readProcid(_ start: Int, _ open: Int) {
        guard let close = endOfProcid(open) else { return setMessage(start) }
        fields.appname = SyslogPiece(start: start, end: open)
        fields.procid = SyslogPiece(start: open + 1, end: close)
        setMessageBehindTag(text[close + 1] == .colon ? close + 2 : close + 1)
    }

    /// The `]` of a process id that a colon, a blank or the end follows.
    private func endOfProcid(_ open: Int) -> Int? {
        var at = open + 1
        while at < text.count, at - open <= Self.procidBytesMax {
            switch text[at] {
            case .close: return at + 1 >= text.count || text[at + 1] == .colon || text[at + 1] == .blank ? at : nil
            case .blank, .open, 0..<0x20: return nil
            default: at += 1
            }
        }
        return nil
    }

    private mutating func readBare(_ start: Int, _ end: Int, allowsBare: Bool) {
        // `%SNMP-SNMP-3-AUTH_FAIL : Received …`
        if text[start] == .percent, text[end + 1] == .colon, end + 2 >= text.count || text[end + 2] == .blank {
            fields.appname = SyslogPiece(start: start, end: end)
            return setMessageBehindTag(end + 2)
        }
        guard allowsBare, text[start].beginsBareTag else { return setMessage(start) }
        if let (open, close) = secondWord(start, end) {
            fields.appname = SyslogPiece(start: start, end: open)
            fields.procid = SyslogPiece(start: open + 1, end: close)
            return setMessageBehindTag(close + 2)
        }
        // A dash is RFC 5424's “no value”.
        if end - start > 1 || text[start] != .dash { fields.appname = SyslogPiece(start: start, end: end) }
        setMessageBehindTag(end)
    }

    /// `Microsoft Word[14463]:` is a program of two words: both begin with a capital letter.
    private func secondWord(_ start: Int, _ end: Int) -> (open: Int, close: Int)? {
        guard text[start] &- 0x41 <= 25, text[end] == .blank, text[end + 1] &- 0x41 <= 25 else { return nil }
        for at in start..<end where !text[at].isLetter { return nil }
        guard let open = endOfTag(end + 1), text[open] == .open, let close = endOfProcid(open), text[close + 1] == .colon,
            let number = text.number(open + 1, digitsMax: 10), number.end == close
        else { return nil }
        return (open, close)
    }

    /// Exactly `last message repeated N times`, to the end of the frame.
    func isRepeatNotice(_ at: Int) -> Bool {
        guard text[at] == 0x6C, text.has("last message repeated ", at: at), let number = text.number(at + 22, digitsMax: 10),
            text.has(" times", at: number.end) || text.has(" time", at: number.end)
        else { return false }
        return number.end + 6 >= text.count
    }

    /// Everything from `at` on is the message.
    mutating func setMessage(_ at: Int) {
        fields.message = SyslogPiece(start: min(at, text.count), end: text.count)
    }

    /// The message behind a tag: one blank separates; RFC 5424 structured data at its start is lifted out.
    private mutating func setMessageBehindTag(_ end: Int) {
        var at = text[end] == .blank ? end + 1 : end
        let next = text.skippingBlanks(at)
        if text[next] == .open {
            at = next
            if let data = StructuredData(text, at: at, strict: true), data.isLiftable(text) {
                fields.structuredData = data
                at = min(data.piece.end + 1, text.count)
            }
        }
        setMessage(at)
    }
}

extension UInt8 {
    /// Whether a word that begins with this byte can be a tag without any mark behind it.
    fileprivate var beginsBareTag: Bool {
        isLetter || isDigit || self >= 0x80 || self == .percent || self == .dash || self == .dot || self == .slash
            || self == 0x5F || self == 0x23
    }
}
