internal import SluiceEvent

/// The careful reading of an RFC 3164 message, or of anything that wants to be one.
///
/// Nothing is refused here: what is no PRI, time, host or tag is message text. The order follows what devices send:
/// PRI, a Cisco prelude, a time in any of its forms, host, tag with process id, message.
struct RFC3164Reader {
    let text: SyslogText
    var fields = SyslogFields()

    init(_ text: SyslogText) { self.text = text }

    /// Whether text without a PRI is a syslog line all the same: it begins with an RFC 3164 or RFC 3339 time, zone included,
    /// and a word follows.
    static func beginsWithTimeAndWord(_ text: SyslogText) -> Bool {
        guard text[0].isDigit || text[0].isLetter, let time = HeaderTime.read(text, at: 0, forms: .standard) else {
            return false
        }
        return text.skippingBlanks(time.end) < text.count
    }

    /// Reads the whole frame.
    mutating func read(clock: inout LocalClock, received: Int64) {
        let start = text.startOfPriority
        let priority = SyslogPriority(text, at: start)
        fields.flags.formUnion(priority.flags)
        fields.priority = priority.value
        let at = text.skippingBlanks(priority.end)
        if priority.value >= 0 {
            if text[at] == 0x31, text[at + 1] == .blank, text[at + 2].isLetter,
                readHeader(at + 2, forms: .all, clock: &clock, received: received)
            {
                // The version of RFC 5424 before a header of RFC 3164.
                fields.flags.insert(.rfc5424Partial)
            } else if !readHeader(at, forms: .all, clock: &clock, received: received) {
                readWithoutTime(at, from: text[priority.end] == .blank ? priority.end + 1 : priority.end)
            }
        } else if !readHeader(priority.isOutOfRange ? at : start, forms: .withoutOffset, clock: &clock, received: received) {
            fields.flags.formUnion(EventFlags.noTimestamp.union(.headerless))
            fields.message = SyslogPiece(start: 0, end: text.count)
        }
    }

    /// Reads from the time or a prelude of it on; false, with nothing taken, when there is neither.
    mutating func readHeader(
        _ start: Int, forms: HeaderTime.Forms, clock: inout LocalClock, received: Int64
    ) -> Bool {
        var at = start
        var hasPrelude = false
        if fields.priority >= 0, !text[start].isLetter, let prelude = CiscoPrelude(text, at: start) {
            take(prelude)
            at = prelude.end
            hasPrelude = true
        }
        if let time = HeaderTime.read(text, at: at, forms: forms) {
            take(time, at: at, clock: &clock, received: received)
            if fields.hostname.isEmpty {
                readHost(text.skippingBlanks(time.end), clock: &clock, received: received)
            } else {
                readTag(text.skippingBlanks(time.end), allowsBare: true)
            }
            return true
        }
        guard hasPrelude else { return false }
        fields.flags.insert(.noTimestamp)
        readTag(at, allowsBare: false)
        return true
    }

    private mutating func take(_ prelude: CiscoPrelude) {
        fields.sequence = prelude.sequence
        fields.uptimeSeconds = prelude.uptimeSeconds
        if !prelude.origin.isEmpty { fields.hostname = prelude.origin }
        if prelude.isUnsynchronised { fields.flags.insert(.clockUnsynchronised) }
    }

    private mutating func take(_ time: HeaderTime, at start: Int, clock: inout LocalClock, received: Int64) {
        let end = text[time.end - 1] == .colon ? time.end - 1 : time.end
        fields.setTime(time, text: SyslogPiece(start: start, end: end), clock: &clock, received: received)
    }

    /// A PRI without a time behind it: a tag that shows itself by colon or process id, or only text.
    private mutating func readWithoutTime(_ at: Int, from start: Int) {
        fields.flags.insert(.noTimestamp)
        readTag(at, allowsBare: false)
        if fields.appname.isEmpty {
            fields.flags.insert(.headerless)
            fields.message = SyslogPiece(start: min(start, text.count), end: text.count)
        }
    }

    /// The host behind the time, when there is one.
    private mutating func readHost(_ at: Int, clock: inout LocalClock, received: Int64) {
        let end = text.endOfWord(at)
        if let relayed = relayedHost(at) {
            fields.hostname = relayed.host
            return readTag(relayed.next, allowsBare: true)
        }
        switch SyslogWord(text, SyslogPiece(start: at, end: end)).kind {
        case .end: fields.message = SyslogPiece(start: text.count, end: text.count)
        case .nothing: readAfterHost(end, clock: &clock, received: received)
        case .colon: readAfterColon(end)
        case .tag: readTag(at, allowsBare: true)
        case .text: setMessage(at)
        case .host(let host):
            if isRepeatNotice(at) { return setMessage(at) }
            fields.hostname = host
            readAfterHost(end, clock: &clock, received: received)
        }
    }

    /// AIX: `Message forwarded from HOST: …`, older `From HOST: …`.
    private func relayedHost(_ at: Int) -> (host: SyslogPiece, next: Int)? {
        let start: Int
        if text.has("Message forwarded from ", at: at) {
            start = at + 23
        } else if text.has("From ", at: at) {
            start = at + 5
        } else {
            return nil
        }
        let end = text.endOfWord(start)
        guard end - start > 1, text[end - 1] == .colon else { return nil }
        return (SyslogPiece(start: start, end: end - 1), text.skippingBlanks(end))
    }

    private mutating func readAfterHost(_ end: Int, clock: inout LocalClock, received: Int64) {
        let next = text.skippingBlanks(end)
        if text[next] == .colon, next + 1 >= text.count || text[next + 1] == .blank { return readAfterColon(next + 1) }
        // Two blanks stand where a tag would be.
        if next - end > 1 { return setMessage(next) }
        if text[next].isDigit, let prelude = CiscoPrelude(text, at: next) {
            // A relay's header before the device's own: the device knows its time better.
            let relayed = fields.hostname
            take(prelude)
            fields.hostname = relayed
            guard let time = HeaderTime.read(text, at: prelude.end) else { return readTag(prelude.end, allowsBare: false) }
            take(time, at: prelude.end, clock: &clock, received: received)
            return readTag(text.skippingBlanks(time.end), allowsBare: true)
        }
        readTag(next, allowsBare: true)
    }

    /// A colon that stands alone: `: %FTD-6-305012: …` or an empty tag.
    private mutating func readAfterColon(_ end: Int) {
        let next = text.skippingBlanks(end)
        if text[next] == .percent { return readTag(next, allowsBare: false) }
        setMessage(min(end + 1, text.count))
    }
}
