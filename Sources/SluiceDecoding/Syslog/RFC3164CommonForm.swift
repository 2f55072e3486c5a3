internal import CSluice
internal import SluiceComponent
internal import SluiceEvent

/// The fast path: `<PRI>Mmm dd hh:mm:ss host tag: message` and `… tag[pid]: message`, nothing unusual in it; in tolerant mode
/// also the same without the PRI, as log files have it.
///
/// Decodes a frame of exactly this form into its event or leaves everything as it was. The strict mode allows the form with
/// a PRI, so it serves that as well. Messages come in order of time, so the day is kept: its seven bytes and its midnight.
struct RFC3164CommonForm {
    /// `Mmm dd ` of the last message as it lies in memory, last byte 0; 0 before the first.
    private var dateBytes: UInt64 = 0
    /// Local seconds since 1970 at that day's midnight in the year that was chosen.
    private var midnight: Int64 = 0

    /// Neither year nor zone are written in this form.
    private let isStrict: Bool
    private let flags = EventFlags.yearGuessed.rawValue | EventFlags.zoneGuessed.rawValue
    private let noPriFlag = EventFlags.noPri.rawValue
    private let format = FormatName.rfc3164.rawValue

    init(strict: Bool) { isStrict = strict }

    /// Bytes of the shortest message of this form: `<0>Jan  1 00:00:00 h a: `.
    private static let bytesMin = 24
    /// The seven bytes of `Mmm dd ` in a word of eight.
    private static let dateMask: UInt64 = 0x00FF_FFFF_FFFF_FFFF

    /// Not inlined: only here, in the file that names them, are the C functions inlined.
    @inline(never)
    mutating func decode(
        _ frame: Frame, received: Int64, clock: inout LocalClock, into batch: borrowing EventBatch
    ) -> Bool {
        let count = Int(frame.text.length)
        guard count >= Self.bytesMin else { return false }
        // SAFETY: reads are within the frame, or at most SL_PADDING bytes behind it, which every arena has; positions that
        // scans answer are compared with `count` before they are used.
        let text = UnsafePointer(batch.raw.pointee.bytes + Int(frame.text.offset))
        guard text[count - 1] > 0x0D else { return false }

        guard let (priority, afterPriority) = priority(text) else { return false }
        let daySeconds = Int64(sl_day_seconds(text + afterPriority + 7))
        guard daySeconds >= 0, text[afterPriority + 15] == .blank else { return false }
        let date = UnsafeRawPointer(text + afterPriority).loadUnaligned(as: UInt64.self).littleEndian & Self.dateMask
        if date != dateBytes {
            guard learn(date, text + afterPriority, daySeconds, received, &clock) else { return false }
        }
        let local = midnight &+ daySeconds
        let (unix, offset) = clock.unixSeconds(ofLocal: local)
        // The day's year is right while this message is not too far ahead and the same day a year later would be.
        let limit = received / 1_000_000_000 &+ LocalClock.aheadSecondsMax
        guard unix < limit, unix &+ 364 * 86_400 > limit else {
            dateBytes = 0
            return false
        }

        let hostname = afterPriority + 16
        // One look at 64 bytes mostly shows the ends of host, tag and process id; a later look helps long ones.
        var breaks = sl_word_breaks(text + hostname)
        let hostnameLength = breaks.trailingZeroBitCount
        let appname = hostname &+ hostnameLength &+ 1
        guard hostnameLength > 0, appname < count, text[appname - 1] == .blank, text[appname].isLetter,
            text[hostname].isLetter || text[hostname].isDigit, !Self.isFrom(text + hostname, hostnameLength)
        else { return false }
        breaks >>= UInt64(hostnameLength &+ 1)
        if breaks == 0 { breaks = sl_word_breaks(text + appname) }
        let appnameEnd = appname &+ breaks.trailingZeroBitCount
        guard appnameEnd &+ 1 < count else { return false }
        var procidEnd = 0
        var message = appnameEnd &+ 2
        if text[appnameEnd] == .open {
            let procid = appnameEnd &+ 1
            breaks >>= UInt64(procid &- appname)
            if breaks == 0 { breaks = sl_word_breaks(text + procid) }
            procidEnd = procid &+ breaks.trailingZeroBitCount
            message = procidEnd &+ 3
            guard procidEnd > procid, message <= count, text[procidEnd] == .close, text[procidEnd &+ 1] == .colon,
                text[procidEnd &+ 2] == .blank
            else { return false }
        } else {
            guard text[appnameEnd] == .colon, text[appnameEnd &+ 1] == .blank else { return false }
        }
        if message < count, text[message] == .blank || text[message] == .open {
            guard text[message] == .open, !Self.beginsWithStructuredData(text, message, count) else { return false }
        }
        return write(
            frame, received: received, time: unix &* 1_000_000_000, offset: offset, priority: priority,
            hostname: (hostname, hostnameLength), appname: (appname, appnameEnd &- appname),
            procid: (appnameEnd &+ 1, procidEnd == 0 ? 0 : procidEnd &- appnameEnd &- 1), message: (message, count &- message),
            to: batch)
    }

    /// `<0>`…`<191>` without leading zeros, and the position behind it; -1 where there is none and none is needed.
    @inline(__always)
    private func priority(_ text: UnsafePointer<UInt8>) -> (value: Int64, end: Int)? {
        // SAFETY: the caller has checked that there are at least 24 bytes.
        guard text[0] == .less else { return isStrict || !text[0].isLetter ? nil : (-1, 0) }
        guard text[1].isDigit else { return nil }
        let first = Int64(text[1] &- 0x30)
        if text[2] == .greater { return (first, 3) }
        guard text[2].isDigit, first > 0 else { return nil }
        let two = first &* 10 &+ Int64(text[2] &- 0x30)
        if text[3] == .greater { return (two, 4) }
        guard text[3].isDigit, text[4] == .greater else { return nil }
        let three = two &* 10 &+ Int64(text[3] &- 0x30)
        return three <= Int64(SyslogPriority.max) ? (three, 5) : nil
    }

    /// Whether the word is AIX's `From`, behind which the host comes.
    @inline(__always)
    private static func isFrom(_ word: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        count == 4 && UnsafeRawPointer(word).loadUnaligned(as: UInt32.self).littleEndian == 0x6D6F_7246
    }

    /// Whether a message that begins with `[` begins with RFC 5424 structured data: `[name name="value"] `.
    @inline(never)
    private static func beginsWithStructuredData(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Bool {
        let text = SyslogText(bytes, count: count)
        var at = start + 1
        while text[at] != .blank, text[at] != .close, at < count { at += 1 }
        guard text[at] == .blank else { return false }
        return StructuredData(text, at: start, strict: true)?.isLiftable(text) ?? false
    }

    /// Takes `Mmm dd ` of the standard's own spelling as the current day; false for any other.
    @inline(never)
    private mutating func learn(
        _ date: UInt64, _ bytes: UnsafePointer<UInt8>, _ daySeconds: Int64, _ received: Int64, _ clock: inout LocalClock
    ) -> Bool {
        let text = SyslogText(bytes, count: 16)
        guard text[0] &- 0x41 <= 25, text[1] &- 0x61 <= 25, text[2] &- 0x61 <= 25, text[4] == .blank || text[4] &- 0x31 <= 2,
            text[5].isDigit, let time = HeaderTime.read(text.prefix(15), at: 0), time.end == 15
        else { return false }
        var flags = EventFlags.none
        guard let found = clock.resolve(time, received: received, flags: &flags) else { return false }
        // The day in the year that was chosen; the offset is looked up again for each message.
        let local = found.seconds &+ Int64(found.offsetMinutes) &* 60
        let civil = CivilTime(seconds: local)
        guard civil.month == time.month, civil.day == time.day else { return false }
        midnight = CivilTime.days(year: civil.year, month: civil.month, day: civil.day) &* 86_400
        dateBytes = date
        return true
    }

    /// Appends the event; false when there is no room, which the careful path reports.
    @inline(__always)
    private func write(
        _ frame: Frame, received: Int64, time: Int64, offset: Int32, priority: Int64, hostname: (start: Int, count: Int),
        appname: (start: Int, count: Int), procid: (start: Int, count: Int), message: (start: Int, count: Int),
        to batch: borrowing EventBatch
    ) -> Bool {
        let target = batch.raw
        let needed = 7 + UInt32(SL_SPARE_SLOTS)
        let free = target.pointee.slot_capacity &- target.pointee.slot_count
        if free < needed, !sl_batch_grow_slots(target, needed) { return false }
        let hasPriority = priority >= 0
        let flags = frame.flags.rawValue | (hasPriority ? flags : flags | noPriFlag)
        guard let event = sl_event_begin(target, frame.raw, received, flags) else { return false }
        event.pointee.format = format
        event.pointee.time_ns = time
        // SAFETY: room for seven slots and the spare ones was made above.
        var slot = target.pointee.slots + Int(target.pointee.slot_count)
        let base = frame.text.offset
        let detail = UInt32(UInt16(truncatingIfNeeded: offset / 60)) << 8
        slot.fill(UInt16(SL_KEY_TIMESTAMP), UInt8(SL_TIMESTAMP), detail: detail, integer: time)
        slot += 1
        slot.fill(UInt16(SL_KEY_HOSTNAME), base, hostname, flags: UInt8(SL_CLEAN))
        slot += 1
        slot.fill(UInt16(SL_KEY_APPNAME), base, appname, flags: UInt8(SL_CLEAN))
        slot += 1
        var count: UInt16 = 4
        if procid.count > 0 {
            slot.fill(UInt16(SL_KEY_PROCID), base, procid, flags: UInt8(SL_CLEAN))
            slot += 1
            count = 5
        }
        if hasPriority {
            slot.fill(UInt16(SL_KEY_FACILITY), UInt8(SL_FACILITY), detail: 0, integer: priority >> 3)
            slot += 1
            slot.fill(UInt16(SL_KEY_SEVERITY), UInt8(SL_SEVERITY), detail: 0, integer: priority & 7)
            slot += 1
            count &+= 2
        }
        slot.fill(UInt16(SL_KEY_MESSAGE), base, message, flags: 0)
        event.pointee.count = count
        event.pointee.capacity = count &+ UInt16(SL_SPARE_SLOTS)
        target.pointee.slot_count &+= UInt32(count) &+ UInt32(SL_SPARE_SLOTS)
        return true
    }
}

extension UnsafeMutablePointer<sl_slot> {
    @inline(__always)
    fileprivate func fill(_ key: UInt16, _ type: UInt8, detail: UInt32, integer: Int64) {
        pointee.key = key
        pointee.type = type
        pointee.flags = 0
        pointee.detail = detail
        pointee.integer = integer
    }

    @inline(__always)
    fileprivate func fill(_ key: UInt16, _ base: UInt32, _ piece: (start: Int, count: Int), flags: UInt8) {
        pointee.key = key
        pointee.type = UInt8(SL_STRING)
        pointee.flags = flags
        pointee.detail = 0
        pointee.text = sl_span(
            offset: base &+ UInt32(truncatingIfNeeded: piece.start), length: UInt32(truncatingIfNeeded: piece.count))
    }
}
