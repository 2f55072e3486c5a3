package import CSluice

/// The name of a field, or the way into a nested one: `hostname`, `user.email`, `tags.1`.
///
/// Parts are separated by dots; numbers count elements of arrays from 1. A field whose whole name has dots in it is found
/// when no nested one is. `facility_code` and `severity_code` are the numbers behind the keywords unless the event has fields
/// of these names. Paths come from configuration; their bytes are kept for ever, in the table of field names as a rule.
package struct FieldPath: @unchecked Sendable, Equatable {
    // SAFETY: the memory behind `bytes` is never written again or freed.
    private let bytes: UnsafePointer<CChar>
    private let count: Int
    /// Length of the first part; `count` when there is one part only.
    private let headCount: Int
    private let key: UInt16
    private let headKey: UInt16

    /// A path. With `isFlat` dots are part of one name.
    package init(_ text: some Sequence<UInt8>, isFlat: Bool = false) {
        let name = Array(text)
        count = name.count
        headCount = (isFlat ? nil : name.firstIndex(of: UInt8(ascii: "."))) ?? name.count
        (key, headKey, bytes) = name.withUnsafeBytes { raw in
            let chars = raw.bindMemory(to: CChar.self)
            let start = chars.baseAddress ?? UnsafePointer(bitPattern: 1)!
            let key = sl_key_intern(start, raw.count)
            let headKey = sl_key_intern(start, min(name.firstIndex(of: UInt8(ascii: ".")) ?? name.count, name.count))
            if key != UInt16(SL_KEY_UNLISTED) { return (key, headKey, sl_key_at(key).pointee.text) }
            // Too long for the table, or the table is full: rare, and bounded by the size of the configuration.
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: raw.count + 1)
            copy.initialize(from: start, count: raw.count)
            return (key, headKey, UnsafePointer(copy))
        }
    }

    /// The path as it was given.
    package var text: String {
        // SAFETY: `count` bytes are kept for ever.
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// Appends the path as it was given.
    package func appendText(to output: UnsafeMutablePointer<sl_buffer>) {
        // SAFETY: `count` bytes are kept for ever.
        sl_buffer_append(output, bytes, count)
    }

    /// Name of the field that the path begins with.
    package var head: String {
        // SAFETY: as above, and `headCount` is at most `count`.
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: headCount), as: UTF8.self)
    }

    package static func == (left: FieldPath, right: FieldPath) -> Bool {
        left.headCount == right.headCount && left.text == right.text
    }

    /// Whether a slot is the field that the path begins with, or has the whole path as its name.
    package func names(_ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>) -> Bool {
        let other = slot.pointee.key
        if other != UInt16(SL_KEY_UNLISTED) { return other == key || other == headKey }
        var length = 0
        // SAFETY: the name of an unlisted key lies in its batch's arena; `count` bytes of ours are kept for ever.
        guard let name = sl_slot_name(batch, slot, &length) else { return false }
        return (length == count || length == headCount) && memcmp(name, bytes, length) == 0
    }

    /// The value in an event.
    package func value(in event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>) -> FieldValue {
        if headCount < count, let slot = find(headKey, headCount, event, batch),
            let (text, length) = nested(in: slot, of: batch)
        {
            return FieldValue(.json(text, count: length))
        }
        if let slot = find(key, count, event, batch) { return FieldValue(.slot(slot)) }
        if key == UInt16(SL_KEY_FACILITY_CODE) || key == UInt16(SL_KEY_SEVERITY_CODE) {
            return code(in: event, of: batch).map { FieldValue(.code($0)) } ?? .absent
        }
        return .absent
    }

    /// The value that a rule set on `meta` under this name.
    package func meta(in event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>) -> FieldValue {
        // SAFETY: the event's slots lie in its batch.
        let first = batch.pointee.slots + Int(event.pointee.first)
        for index in stride(from: Int(event.pointee.count) - 1, through: 0, by: -1) {
            let slot = UnsafePointer(first + index)
            guard slot.pointee.flags & UInt8(SL_META) != 0, Int(slot.pointee.type) != SL_ABSENT else { continue }
            if names(slot, of: batch) { return FieldValue(.slot(slot)) }
        }
        return .absent
    }

    private func find(
        _ key: UInt16, _ count: Int, _ event: UnsafePointer<sl_event>, _ batch: UnsafePointer<sl_batch>
    ) -> UnsafePointer<sl_slot>? {
        if key != UInt16(SL_KEY_UNLISTED) { return UnsafePointer(sl_event_find(batch, event, key)) }
        return UnsafePointer(sl_event_find_unlisted(batch, event, bytes, count))
    }

    /// The part that the rest of the path leads to.
    private func nested(
        in slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>
    ) -> (UnsafePointer<UInt8>, Int)? {
        guard Int(slot.pointee.type) == SL_OBJECT || Int(slot.pointee.type) == SL_ARRAY, let base = batch.pointee.bytes
        else { return nil }
        // SAFETY: the slot's text lies in its batch's arena; spans that the navigator gives lie in the text.
        var text = UnsafePointer(base + Int(slot.pointee.text.offset))
        var length = Int(slot.pointee.text.length)
        var at = headCount
        while at < count {
            let start = at + 1
            at = start
            while at < count, bytes[at] != CChar(UInt8(ascii: ".")) { at += 1 }
            var span = sl_span()
            let isFound: Bool
            let blanks = sl_json_blanks(text, length, 0)
            switch blanks < length ? text[blanks] : 0 {
            case UInt8(ascii: "{"): isFound = sl_json_member(text, length, bytes + start, at - start, &span)
            case UInt8(ascii: "["):
                guard let index = number(start, at), index > 0 else { return nil }
                isFound = sl_json_element(text, length, index - 1, &span)
            default: return nil
            }
            guard isFound else { return nil }
            text += Int(span.offset)
            length = Int(span.length)
        }
        return (text, length)
    }

    private func number(_ start: Int, _ end: Int) -> Int? {
        guard start < end, end - start < 10 else { return nil }
        var value = 0
        for at in start..<end {
            guard bytes[at] >= 0x30, bytes[at] <= 0x39 else { return nil }
            value = value * 10 + Int(bytes[at]) - 0x30
        }
        return value
    }

    private func code(in event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>) -> Int64? {
        key == UInt16(SL_KEY_FACILITY_CODE)
            ? EventCode.facility(of: event, in: batch) : EventCode.severity(of: event, in: batch)
    }
}
