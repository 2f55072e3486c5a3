internal import CSluice
internal import SluiceComponent
internal import SluiceEvent

/// What a syslog header came to, as positions in the frame; the last step writes it as an event.
///
/// Everything is read before anything is written, because structured data goes to the arena's end and may move it.
struct SyslogFields {
    enum Time {
        case none
        /// An instant with digits and offset as a slot keeps them.
        case instant(ns: Int64, detail: UInt32)
        /// A valid time outside of what 64 bits of nanoseconds hold stays text.
        case text(SyslogPiece)
    }

    var priority = -1
    var time = Time.none
    var hostname = SyslogPiece.none
    var appname = SyslogPiece.none
    var procid = SyslogPiece.none
    var msgid = SyslogPiece.none
    /// 0 when there is none.
    var version = 0
    var structuredData: StructuredData?
    /// A Cisco sequence number, sent as RFC 5424's `meta` `sequenceId`.
    var sequence = SyslogPiece.none
    /// A Cisco device's time since its start, sent as `sysUpTime` in hundredths of a second.
    var uptimeSeconds: Int64?
    /// nil when the frame has no message part at all; an empty one is an empty message.
    var message: SyslogPiece?
    var flags: EventFlags = .none
}

extension SyslogFields {
    /// Appends the event of a frame whose fields these are; `trailer` bytes at the frame's end were left out.
    mutating func write(
        _ frame: Frame, trailer: Int, received: Int64, format: FormatName, to batch: borrowing EventBatch
    ) {
        if trailer > 0 { flags.insert(.trailerRemoved) }
        let data = writeStructuredData(frame, to: batch)
        let target = batch.raw
        guard let event = sl_event_begin(target, frame.raw, received, flags.union(frame.flags).rawValue) else {
            Self.outOfMemory()
        }
        event.pointee.format = format.rawValue
        let offset = frame.text.offset
        switch time {
        case .none: break
        case .instant(let ns, let detail):
            Self.check(sl_event_add_time(target, UInt16(SL_KEY_TIMESTAMP), ns, detail))
        case .text(let piece): Self.add(piece, UInt16(SL_KEY_TIMESTAMP), offset, target)
        }
        Self.add(hostname, UInt16(SL_KEY_HOSTNAME), offset, target)
        Self.add(appname, UInt16(SL_KEY_APPNAME), offset, target)
        Self.add(procid, UInt16(SL_KEY_PROCID), offset, target)
        Self.add(msgid, UInt16(SL_KEY_MSGID), offset, target)
        if priority >= 0 {
            Self.check(
                sl_event_add_integer(target, UInt16(SL_KEY_FACILITY), UInt8(SL_FACILITY), Int64(priority >> 3))
                    && sl_event_add_integer(target, UInt16(SL_KEY_SEVERITY), UInt8(SL_SEVERITY), Int64(priority & 7)))
        }
        if version > 0 {
            Self.check(sl_event_add_integer(target, UInt16(SL_KEY_VERSION), UInt8(SL_INTEGER), Int64(version)))
        }
        if data.length > 0 {
            Self.check(
                sl_event_add_text(
                    target, UInt16(SL_KEY_STRUCTURED_DATA), UInt8(SL_OBJECT), 0, data.offset, data.length))
        }
        if let message {
            Self.check(
                sl_event_add_text(
                    target, UInt16(SL_KEY_MESSAGE), UInt8(SL_STRING), 0, offset + UInt32(message.start),
                    UInt32(message.count)))
        }
        Self.check(sl_event_end(target))
    }

    private static func add(_ piece: SyslogPiece, _ key: UInt16, _ offset: UInt32, _ target: UnsafeMutablePointer<sl_batch>) {
        if piece.isEmpty { return }
        check(
            sl_event_add_text(target, key, UInt8(SL_STRING), 0, offset + UInt32(piece.start), UInt32(piece.count)))
    }

    /// JSON text of structured data or sequence number at the arena's end; no bytes when there is neither.
    private func writeStructuredData(_ frame: Frame, to batch: borrowing EventBatch) -> sl_span {
        let bytesMax: Int
        if let structuredData {
            if structuredData.elements == 0 { return .empty }
            bytesMax = structuredData.jsonBytesMax
        } else if !sequence.isEmpty {
            bytesMax = sequence.count + 80
        } else {
            return .empty
        }
        batch.reserve(bytesMax)
        let length = Int(batch.raw.pointee.length)
        // SAFETY: the arena may have moved, so the text is found anew; room for the JSON text was reserved behind it.
        let arena = batch.raw.pointee.bytes!
        let text = SyslogText(frame, of: batch)
        var writer = JSONTextWriter(arena + length, capacity: bytesMax)
        writer.put(.brace)
        if let structuredData {
            structuredData.writeJSON(text, to: &writer)
        } else {
            writer.put("\"meta\":{\"sequenceId\":")
            writer.value(text, sequence)
            if let uptimeSeconds {
                writer.put(",\"sysUpTime\":\"")
                writer.put(decimal: UInt64(uptimeSeconds) * 100)
                writer.put(.quote)
            }
            writer.put(0x7D)
        }
        writer.put(0x7D)
        batch.raw.pointee.length += UInt32(writer.count)
        return sl_span(offset: UInt32(length), length: UInt32(writer.count))
    }

    @inline(__always)
    static func check(_ isDone: Bool) {
        if !isDone { outOfMemory() }
    }

    static func outOfMemory() -> Never { preconditionFailure("out of memory for the fields of an event") }
}

extension SyslogFields {
    /// Takes over a written time; `piece` is where it stands.
    mutating func setTime(_ written: HeaderTime, text piece: SyslogPiece, clock: inout LocalClock, received: Int64) {
        guard let (seconds, offset) = clock.resolve(written, received: received, flags: &flags) else {
            flags.insert(.noTimestamp)
            return
        }
        if written.isLeapSecond { flags.insert(.leapSecond) }
        guard let ns = TimestampText.nanoseconds(seconds, written.fraction) else {
            flags.insert(.valueInvalid)
            time = .text(piece)
            return
        }
        let offsetBits = UInt32(UInt16(bitPattern: Int16(truncatingIfNeeded: offset))) << 8
        time = .instant(ns: ns, detail: UInt32(written.digits) | offsetBits | written.spelling << 24)
    }
}

extension SyslogText {
    /// The text without the NUL, CR and LF that senders and framings leave at a message's end.
    func withoutTrailer() -> SyslogText {
        var end = count
        while end > 0, self[end - 1] == 0 || self[end - 1] == 0x0A || self[end - 1] == 0x0D { end -= 1 }
        return prefix(end)
    }
}
