internal import CSluice
package import SluiceComponent
package import SluiceEvent

/// Access logs of Apache and nginx: `combined`, and `common`, which lacks the last two columns.
///
///     192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "http://h/" "Mozilla/4.08"
///
/// `-` is an absent field; escapes are kept as written; `method`, `path` and `protocol` are there when the request has that
/// form; columns behind the agent are ignored. Tolerant: a line that ends inside the last quotes keeps what is there; any
/// other line is `message`.
package struct CombinedDecoder: Decoder {
    private let isStrict: Bool
    /// The time of the line before: lines of one second share it.
    private var time = AccessTime()

    /// A decoder.
    package init(strict isStrict: Bool = false) { self.isStrict = isStrict }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        let raw = batch.raw
        let event = raw.begin(raw: frame.raw, flags: frame.flags, received: received, format: .combined)
        if let reason = read(frame, raw, event) {
            sl_event_cancel(raw)
            if isStrict { return .refused(reason) }
            raw.appendUndecoded(frame, received: received, format: .combined)
        }
        return .decoded
    }

    /// Makes the event of a line; a reason not to take it.
    @inline(__always)
    private mutating func read(
        _ frame: Frame, _ batch: UnsafeMutablePointer<sl_batch>, _ event: UnsafeMutablePointer<sl_event>
    ) -> StaticString? {
        guard frame.text.length > 0 else { return "line is empty" }
        // SAFETY: the frame lies in the arena, and nothing here appends to it.
        let base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        var end = base + frame.end
        while end > base + frame.start, end[-1] == 0x0D || end[-1] == 0x0A { end -= 1 }
        var line = Line(batch, event, base: base, end: end)

        var at = base + frame.start
        let address = sl_scan_word(at, end, 0x20)!
        guard address < end, address > at else { return "no address at the start of the line" }
        line.add(SL_KEY_REMOTE_ADDR, at, address)
        at = address + 1
        let ident = sl_scan_word(at, end, 0x20)!
        guard ident < end else { return "line ends before the user" }
        line.add(SL_KEY_IDENT, at, ident)
        at = ident + 1
        guard let bracket = line.findTime(from: at, &time) else { return "no time in brackets" }
        line.add(SL_KEY_REMOTE_USER, at, bracket - 1)
        line.addTime(time)
        at = bracket + AccessTime.length + 2
        guard end - at >= 2, at[0] == 0x20, at[1] == UInt8(ascii: "\"") else { return "no request in quotes" }
        let request = at + 2
        guard let quote = line.closingQuote(request) else { return "quote of the request is not closed" }
        line.addRequest(request, quote)
        at = quote + 1
        guard line.addNumber(SL_KEY_STATUS, &at) else { return "status is not a number" }
        guard line.addNumber(SL_KEY_BYTES, &at) else { return "bytes are not a number" }
        if let reason = readOptional(&line, at) { return reason }
        line.finish()
        return nil
    }

    /// Referer and agent, which the common format lacks.
    @inline(__always)
    private func readOptional(_ line: inout Line, _ start: UnsafePointer<UInt8>) -> StaticString? {
        var at = start
        if at == line.end { return nil }
        if let reason = readQuoted(&line, SL_KEY_REFERER, &at) { return reason }
        if at == line.end { return isStrict ? "line ends before the agent" : nil }
        return readQuoted(&line, SL_KEY_USER_AGENT, &at)
    }

    @inline(__always)
    private func readQuoted(_ line: inout Line, _ key: Int, _ at: inout UnsafePointer<UInt8>) -> StaticString? {
        guard line.end - at >= 2, at[0] == 0x20, at[1] == UInt8(ascii: "\"") else {
            at = line.end
            return isStrict ? "no quote where the referer or the agent has to be" : nil
        }
        let text = at + 2
        guard let quote = line.closingQuote(text) else {
            if isStrict { return "quote of the referer or the agent is not closed" }
            line.add(key, text, line.end)
            line.event.pointee.flags |= EventFlags.truncated.rawValue
            at = line.end
            return nil
        }
        line.add(key, text, quote)
        at = quote + 1
        return nil
    }
}

/// A line being taken apart. Its slots are filled in behind the used ones and counted when it is done.
private struct Line {
    let batch: UnsafeMutablePointer<sl_batch>
    let event: UnsafeMutablePointer<sl_event>
    let base: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    private var slot: UnsafeMutablePointer<sl_slot>

    /// Fields of a line at most, and the spare slots behind them.
    private static let slotsMax: UInt32 = 12 + SL_SPARE_SLOTS

    @inline(__always)
    init(
        _ batch: UnsafeMutablePointer<sl_batch>, _ event: UnsafeMutablePointer<sl_event>, base: UnsafePointer<UInt8>,
        end: UnsafePointer<UInt8>
    ) {
        if batch.pointee.slot_capacity - batch.pointee.slot_count < Self.slotsMax,
            !sl_batch_grow_slots(batch, Self.slotsMax)
        {
            preconditionFailure("out of memory for fields")
        }
        self.batch = batch
        self.event = event
        self.base = base
        self.end = end
        slot = batch.pointee.slots + Int(event.pointee.first)
    }

    /// Counts the slots.
    @inline(__always)
    func finish() {
        let count = slot - (batch.pointee.slots + Int(event.pointee.first))
        event.pointee.count = UInt16(truncatingIfNeeded: count)
        event.pointee.capacity = UInt16(truncatingIfNeeded: count + Int(SL_SPARE_SLOTS))
        batch.pointee.slot_count = event.pointee.first + UInt32(event.pointee.capacity)
    }

    /// A slot of a type.
    @inline(__always)
    private mutating func next(_ key: Int, _ type: Int) -> UnsafeMutablePointer<sl_slot> {
        // SAFETY: room for all slots of a line was made.
        let slot = slot
        slot.pointee.key = UInt16(truncatingIfNeeded: key)
        slot.pointee.type = UInt8(truncatingIfNeeded: type)
        slot.pointee.flags = 0
        slot.pointee.detail = 0
        self.slot += 1
        return slot
    }

    /// A text field; `-` is absent.
    @inline(__always)
    mutating func add(_ key: Int, _ start: UnsafePointer<UInt8>, _ stop: UnsafePointer<UInt8>) {
        if stop - start == 1, start[0] == UInt8(ascii: "-") { return }
        next(key, SL_STRING).pointee.text = sl_span(
            offset: UInt32(truncatingIfNeeded: start - base), length: UInt32(truncatingIfNeeded: stop - start))
    }

    @inline(__always)
    mutating func addTime(_ time: AccessTime) {
        let slot = next(SL_KEY_TIMESTAMP, SL_TIMESTAMP)
        slot.pointee.detail = time.detail
        slot.pointee.integer = time.ns
        event.pointee.time_ns = time.ns
    }

    /// The `[` of a time that has a blank before it, at `start + 1` or later: names of users may hold blanks and brackets.
    @inline(__always)
    func findTime(from start: UnsafePointer<UInt8>, _ time: inout AccessTime) -> UnsafePointer<UInt8>? {
        let bracket = UInt8(ascii: "[")
        var at = start
        while true {
            at = sl_scan_either(at, end, bracket, bracket)
            if end - at < AccessTime.length + 2 { return nil }
            if at > start, at[-1] == 0x20, at[AccessTime.length + 1] == UInt8(ascii: "]"), time.read(at + 1) { return at }
            at += 1
        }
    }

    /// The quote that no backslash escapes.
    @inline(__always)
    func closingQuote(_ start: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
        let quote = UInt8(ascii: "\"")
        let backslash = UInt8(ascii: "\\")
        var at = start
        while true {
            at = sl_scan_either(at, end, quote, backslash)
            if at >= end { return nil }
            if at[0] == quote { return at }
            at += 2
            if at >= end { return nil }
        }
    }

    /// A blank and a number, or `-`, up to a blank or the end.
    @inline(__always)
    mutating func addNumber(_ key: Int, _ at: inout UnsafePointer<UInt8>) -> Bool {
        guard end - at >= 2, at[0] == 0x20 else { return false }
        at += 1
        if at[0] == UInt8(ascii: "-"), end - at == 1 || at[1] == 0x20 {
            at += 1
            return true
        }
        let start = at
        var value: Int64 = 0
        while at < end, at[0] &- 0x30 <= 9, at - start < 18 {
            value = value &* 10 &+ Int64(at[0] &- 0x30)
            at += 1
        }
        guard at > start, at == end || at[0] == 0x20 else { return false }
        next(key, SL_INTEGER).pointee.integer = value
        return true
    }

    /// The request, and its parts when it is `METHOD target PROTOCOL/x` or `METHOD /target`.
    @inline(__always)
    mutating func addRequest(_ start: UnsafePointer<UInt8>, _ stop: UnsafePointer<UInt8>) {
        add(SL_KEY_REQUEST, start, stop)
        var method = start
        while method < stop, method[0] | 0x20 &- 0x61 <= 25 || method[0] == UInt8(ascii: "-") || method[0] == 0x5F {
            method += 1
        }
        guard method > start, stop - method >= 2, method[0] == 0x20, method[1] != 0x20 else { return }
        let target = method + 1
        var word = stop - 8
        // Nearly always ` HTTP/x.y`.
        let isUsual = word > target && word[-1] == 0x20 && Self.beginsWithHTTP(word)
        if !isUsual {
            word = stop
            while word > target, word[-1] != 0x20 { word -= 1 }
        }
        if isUsual || (word > target && Self.isProtocol(word, stop)) {
            add(SL_KEY_METHOD, start, method)
            add(SL_KEY_PATH, target, word - 1)
            add(SL_KEY_PROTOCOL, word, stop)
        } else if target[0] == UInt8(ascii: "/") || target[0] == UInt8(ascii: "*") || Self.hasScheme(target, stop) {
            add(SL_KEY_METHOD, start, method)
            add(SL_KEY_PATH, target, stop)
        }
    }

    /// `HTTP/` and a digit in the eight bytes at `at`.
    @inline(__always)
    private static func beginsWithHTTP(_ at: UnsafePointer<UInt8>) -> Bool {
        let word = UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
        return word & 0xFF_FFFF_FFFF == 0x2F_5054_5448 && at[5] &- 0x30 <= 9
    }

    /// Letters, a slash and a digit: `HTTP/1.1`, `RTSP/1.0`.
    @inline(__always)
    private static func isProtocol(_ start: UnsafePointer<UInt8>, _ stop: UnsafePointer<UInt8>) -> Bool {
        var at = start
        while at < stop, at[0] &- 0x41 <= 25 { at += 1 }
        return at > start && stop - at >= 2 && at[0] == UInt8(ascii: "/") && at[1] &- 0x30 <= 9
    }

    /// `http://…`
    private static func hasScheme(_ start: UnsafePointer<UInt8>, _ stop: UnsafePointer<UInt8>) -> Bool {
        var at = start
        while at < stop, at[0] | 0x20 &- 0x61 <= 25 { at += 1 }
        return at > start && stop - at >= 3 && at.begins(with: "://")
    }
}
