internal import CSluice
internal import SluiceComponent
internal import SluiceEvent

/// The fast path: `<PRI>Mmm dd hh:mm:ss host tag: message` and `… tag[pid]: message`, nothing unusual in it; in tolerant mode
/// also the same without the PRI and with an RFC 3339 time, as log files have it.
///
/// Decodes a frame of exactly this form into its event or leaves everything as it was. The strict mode allows the form with
/// a PRI, so it serves that as well. Messages come in order of time, so the day is kept: its seven bytes and its midnight.
struct RFC3164CommonForm {
    /// `Mmm dd ` of the last message as it lies in memory, last byte 0; 0 before the first.
    private var dateBytes: UInt64 = 0
    /// Local seconds since 1970 at that day's midnight in the year that was chosen.
    private var midnight: Int64 = 0
    /// `yyyy-mm-` and `-ddT` of the last RFC 3339 time, and the seconds since 1970 at its midnight.
    private var isoMonthBytes: UInt64 = 0
    private var isoDayBytes: UInt32 = 0
    private var isoMidnight: Int64 = 0
    private let isStrict: Bool
    /// Neither year nor zone are written in `Mmm dd hh:mm:ss`.
    private let guesses = EventFlags.yearGuessed.rawValue | EventFlags.zoneGuessed.rawValue
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
        let isISO = text[afterPriority].isDigit
        let read =
            isISO
            ? isoTime(text, afterPriority, count) : monthTime(text, afterPriority, received: received, clock: &clock)
        guard let time = read else { return false }

        let hostname = time.end
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
            frame, received: received, time: time.ns, detail: time.detail, guesses: isISO ? 0 : guesses, priority: priority,
            hostname: (hostname, hostnameLength), appname: (appname, appnameEnd &- appname),
            procid: (appnameEnd &+ 1, procidEnd == 0 ? 0 : procidEnd &- appnameEnd &- 1), message: (message, count &- message),
            to: batch)
    }

    private typealias Time = (ns: Int64, detail: UInt32, end: Int)

    /// `Mmm dd hh:mm:ss ` at `start`.
    @inline(__always)
    private mutating func monthTime(
        _ text: UnsafePointer<UInt8>, _ start: Int, received: Int64, clock: inout LocalClock
    ) -> Time? {
        let daySeconds = Int64(sl_day_seconds(text + start + 7))
        guard daySeconds >= 0, text[start + 15] == .blank else { return nil }
        let date = UnsafeRawPointer(text + start).loadUnaligned(as: UInt64.self).littleEndian & Self.dateMask
        if date != dateBytes {
            guard learn(date, text + start, daySeconds, received, &clock) else { return nil }
        }
        let (unix, offset) = clock.unixSeconds(ofLocal: midnight &+ daySeconds)
        // The day's year is right while this message is not too far ahead and the same day a year later would be.
        let limit = received / 1_000_000_000 &+ LocalClock.aheadSecondsMax
        guard unix < limit, unix &+ 364 * 86_400 > limit else {
            dateBytes = 0
            return nil
        }
        return (unix &* 1_000_000_000, UInt32(UInt16(truncatingIfNeeded: offset / 60)) << 8, start + 16)
    }

    /// `yyyy-mm-ddThh:mm:ss`, at most nine digits of a fraction, `Z` or `±hh:mm`, and a blank.
    @inline(__always)
    private mutating func isoTime(_ text: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Time? {
        guard !isStrict, count &- start > 40 else { return nil }
        // SAFETY: more than 40 bytes follow `start`; no more are looked at.
        let monthBytes = UnsafeRawPointer(text + start).loadUnaligned(as: UInt64.self)
        let dayBytes = UnsafeRawPointer(text + start + 7).loadUnaligned(as: UInt32.self)
        if monthBytes != isoMonthBytes || dayBytes != isoDayBytes {
            guard learnISO(text + start, monthBytes, dayBytes) else { return nil }
        }
        var seconds = isoMidnight &+ Int64(sl_day_seconds(text + start + 11))
        guard seconds >= isoMidnight else { return nil }
        var at = start + 19
        var fraction: Int64 = 0
        var digits = 0
        if text[at] == .dot {
            at += 1
            while digits < 9, text[at].isDigit {
                fraction = fraction &* 10 &+ Int64(text[at] &- 0x30)
                digits += 1
                at += 1
            }
            guard digits > 0 else { return nil }
            for _ in digits..<9 { fraction &*= 10 }
        }
        var detail = UInt32(truncatingIfNeeded: digits)
        if text[at] == 0x5A {
            at += 1
        } else {
            guard let offset = Self.offset(text + at) else { return nil }
            seconds &-= Int64(offset) &* 60
            detail |= UInt32(UInt16(truncatingIfNeeded: offset)) << 8
            if offset == 0 { detail |= UInt32(text[at] == .dash ? SL_TIME_MINUS_ZERO : SL_TIME_PLUS_ZERO) << 24 }
            at += 6
        }
        guard text[at] == .blank else { return nil }
        return (seconds &* 1_000_000_000 &+ fraction, detail, at &+ 1)
    }

    /// Minutes of `±hh:mm`.
    @inline(__always)
    private static func offset(_ text: UnsafePointer<UInt8>) -> Int32? {
        guard text[0] == 0x2B || text[0] == .dash, text[1].isDigit, text[2].isDigit, text[3] == .colon, text[4].isDigit,
            text[5].isDigit
        else { return nil }
        let hours = Int32(text[1] &- 0x30) &* 10 &+ Int32(text[2] &- 0x30)
        let minutes = Int32(text[4] &- 0x30) &* 10 &+ Int32(text[5] &- 0x30)
        guard hours <= 23, minutes <= 59 else { return nil }
        return text[0] == .dash ? -(hours &* 60 &+ minutes) : hours &* 60 &+ minutes
    }

    /// Takes `yyyy-mm-ddT` as the current day; false when it is no date, or one outside of what nanoseconds hold.
    @inline(never)
    private mutating func learnISO(_ bytes: UnsafePointer<UInt8>, _ monthBytes: UInt64, _ dayBytes: UInt32) -> Bool {
        guard let scan = TimestampText.scan(bytes, 19), bytes[10] == 0x54, scan.ns != nil, !scan.isLeapSecond else { return false }
        let (days, _) = CivilTime.floorDivide(scan.seconds, by: 86_400)
        guard (1700...2200).contains(CivilTime(days: days).year) else { return false }
        isoMidnight = days &* 86_400
        isoMonthBytes = monthBytes
        isoDayBytes = dayBytes
        return true
    }

    /// `<0>`…`<191>` without leading zeros, and the position behind it; -1 where there is none and none is needed.
    @inline(__always)
    private func priority(_ text: UnsafePointer<UInt8>) -> (value: Int64, end: Int)? {
        // SAFETY: the caller has checked that there are at least 24 bytes.
        guard text[0] == .less else { return isStrict ? nil : (-1, 0) }
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
        _ frame: Frame, received: Int64, time: Int64, detail: UInt32, guesses: UInt64, priority: Int64,
        hostname: (start: Int, count: Int), appname: (start: Int, count: Int), procid: (start: Int, count: Int),
        message: (start: Int, count: Int),
        to batch: borrowing EventBatch
    ) -> Bool {
        let target = batch.raw
        let needed = 7 + UInt32(SL_SPARE_SLOTS)
        let free = target.pointee.slot_capacity &- target.pointee.slot_count
        if free < needed, !sl_batch_grow_slots(target, needed) { return false }
        let hasPriority = priority >= 0
        let flags = frame.flags.rawValue | guesses | (hasPriority ? 0 : noPriFlag)
        guard let event = sl_event_begin(target, frame.raw, received, flags) else { return false }
        event.pointee.format = format
        event.pointee.time_ns = time
        // SAFETY: room for seven slots and the spare ones was made above.
        var slot = target.pointee.slots + Int(target.pointee.slot_count)
        let base = frame.text.offset
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
