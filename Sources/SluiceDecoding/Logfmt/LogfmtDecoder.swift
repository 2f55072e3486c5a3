internal import CSluice
package import SluiceComponent
package import SluiceEvent

/// `key=value` pairs (go-logfmt's grammar): values bare or in quotes with JSON's escapes, separated by blanks and controls.
///
/// A bare key is `null`. Values are text; `typed` makes numbers, booleans and `null` of bare values that look like them.
/// Tolerant: quotes and `=` inside bare values are data, an open quote runs to the end, and several words without any `=` are
/// `message`. Strict: those are refused.
package struct LogfmtDecoder: Decoder {
    private let isTyped: Bool
    private let isStrict: Bool

    /// A decoder.
    package init(typed isTyped: Bool = false, strict isStrict: Bool = false) {
        self.isTyped = isTyped
        self.isStrict = isStrict
    }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        let raw = batch.raw
        // Names that cannot be listed and unescaped values go to the arena; it must not move meanwhile.
        batch.reserve(4 * Int(frame.text.length) + 64)
        let event = raw.begin(raw: frame.raw, flags: frame.flags, received: received, format: .logfmt)
        // SAFETY: the frame lies in the arena, which stays where it is.
        let base = UnsafePointer<UInt8>(raw.pointee.bytes!)
        let reason = readPairs(raw, event, base, base + frame.start, base + frame.end)
        if let reason {
            sl_event_cancel(raw)
            if isStrict { return .refused(reason) }
            raw.appendUndecoded(frame, received: received, format: .logfmt)
            return .decoded
        }
        raw.end()
        return .decoded
    }

    /// Reads all pairs; a reason not to take the text.
    private func readPairs(
        _ batch: UnsafeMutablePointer<sl_batch>, _ event: UnsafeMutablePointer<sl_event>, _ base: UnsafePointer<UInt8>,
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> StaticString? {
        let equals = UInt8(ascii: "=")
        var at = start
        var hasValue = false
        var repeated = RepeatedKeys()
        while true {
            while at < end, at[0] <= 0x20 { at += 1 }
            if at == end { break }
            let name = at
            at = sl_scan_word(at, end, equals)
            if at == name {
                if isStrict { return "`=` without a key before it" }
                at = sl_scan_word(at, end, 0x20)
            }
            let nameEnd = at
            if isStrict, let reason = refusal(name, nameEnd) { return reason }
            let key = batch.key(name, nameEnd - name)
            guard let slot = sl_event_add(batch, key.id) else { return "line has more than 65,000 pairs" }
            slot.pointee.detail = key.detail
            if repeated.isRepeat(key.id, in: batch) { event.pointee.flags |= EventFlags.duplicateKey.rawValue }
            if at < end, at[0] == equals {
                hasValue = true
                at += 1
                if at < end, at[0] == UInt8(ascii: "\"") {
                    if let reason = readQuoted(batch, slot, base, &at, end) { return reason }
                } else {
                    let value = at
                    at = sl_scan_word(at, end, 0x20)
                    if let reason = readBare(slot, base, value, at) { return reason }
                }
            } else {
                slot.pointee.type = UInt8(SL_NULL)
                slot.pointee.integer = 0
            }
        }
        // Free text would become a dozen fields named after its words.
        if !hasValue, !isStrict, event.pointee.count > 1 { return "no `=` in the line" }
        return nil
    }

    /// Why the strict mode does not take a key.
    private func refusal(_ name: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> StaticString? {
        if sl_scan_word(name, end, UInt8(ascii: "\"")) < end { return "quote in a key" }
        return sl_is_one_line_utf8(name, end - name) ? nil : "key is not UTF-8"
    }

    private func readBare(
        _ slot: UnsafeMutablePointer<sl_slot>, _ base: UnsafePointer<UInt8>, _ value: UnsafePointer<UInt8>,
        _ end: UnsafePointer<UInt8>
    ) -> StaticString? {
        if isStrict, sl_scan_any(value, end, UInt8(ascii: "="), UInt8(ascii: "\""), 0x3D, 0x22) < end {
            return "`=` or a quote inside a bare value"
        }
        if !isTyped || !BareValue.read(value, end, base, slot) { slot.set(value, end, base, flags: 0) }
        return nil
    }

    /// Reads a value whose opening quote is at `at`. A literal that JSON would take stays where it is.
    private func readQuoted(
        _ batch: UnsafeMutablePointer<sl_batch>, _ slot: UnsafeMutablePointer<sl_slot>, _ base: UnsafePointer<UInt8>,
        _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> StaticString? {
        let start = at + 1
        var found: UInt32 = 0
        let quote = sl_scan_string(start, end, &found)!
        let isEscaped = found & UInt32(SL_SCAN_ESCAPED) != 0
        let isControlled = found & UInt32(SL_SCAN_CONTROL) != 0
        if found & UInt32(SL_SCAN_FAILED) == 0 {
            if isStrict, isEscaped, isControlled { return "control character in a quoted value with escapes" }
            var flags = isEscaped ? SL_ESCAPED : 0
            if found & UInt32(SL_SCAN_INVALID | SL_SCAN_CONTROL | SL_SCAN_DELETE) == 0 { flags |= SL_CLEAN }
            slot.set(start, quote, base, flags: flags)
            at = quote + 1
            return nil
        }
        if isStrict { return "quoted value is not closed or has an escape that is not known" }
        // To the quote that no backslash escapes, or to the end.
        var stop = start
        while stop < end, stop[0] != UInt8(ascii: "\"") { stop += stop[0] == UInt8(ascii: "\\") && end - stop > 1 ? 2 : 1 }
        let offset = batch.pointee.length
        let length = sl_json_unescape(batch.pointee.bytes + Int(offset), start, stop - start)
        batch.pointee.length += UInt32(truncatingIfNeeded: length)
        slot.pointee.type = UInt8(SL_STRING)
        slot.pointee.text = sl_span(offset: offset, length: UInt32(truncatingIfNeeded: length))
        at = stop < end ? stop + 1 : end
        return nil
    }
}
