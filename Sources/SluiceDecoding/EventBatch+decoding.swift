internal import CSluice
internal import SluiceComponent
internal import SluiceEvent

/// What every decoder does with a batch.
extension UnsafeMutablePointer where Pointee == sl_batch {
    /// Starts the event of a frame. Ends the process when memory is out, as every growth of a batch does.
    @inline(__always)
    func begin(
        raw: sl_span, flags: EventFlags, received: Int64, format: FormatName
    ) -> UnsafeMutablePointer<sl_event> {
        guard let event = sl_event_begin(self, raw, received, flags.rawValue) else {
            preconditionFailure("out of memory for events")
        }
        event.pointee.format = format.rawValue
        return event
    }

    /// Ends the event under construction.
    @inline(__always)
    func end() {
        if !sl_event_end(self) { preconditionFailure("out of memory for fields") }
    }

    /// A text field of the event under construction; false past the limit of fields.
    @inline(__always)
    func add(_ key: UInt16, text: sl_span, flags: Int = 0) -> Bool {
        sl_event_add_text(self, key, UInt8(SL_STRING), UInt8(truncatingIfNeeded: flags), text.offset, text.length)
    }

    /// A whole event: what could not be decoded is its `message`.
    func appendUndecoded(_ text: sl_span, raw: sl_span, flags: EventFlags, received: Int64, format: FormatName) {
        _ = begin(raw: raw, flags: flags.union(.undecoded), received: received, format: format)
        _ = add(UInt16(SL_KEY_MESSAGE), text: text)
        end()
    }

    /// A whole event for a frame that is not of its decoder's format.
    func appendUndecoded(_ frame: Frame, received: Int64, format: FormatName) {
        appendUndecoded(frame.text, raw: frame.raw, flags: frame.flags, received: received, format: format)
    }

    /// Takes out all events behind the first `count` (a strict decoder refuses what it had begun).
    func cancel(downTo count: UInt32) {
        while pointee.event_count > count { sl_event_cancel(self) }
    }
}

extension Frame {
    /// The frame behind the byte-order mark that it begins with, flagged; nil without one.
    func withoutByteOrderMark(_ batch: UnsafeMutablePointer<sl_batch>) -> Frame? {
        // SAFETY: the frame lies in the arena.
        guard text.length >= 3, let bytes = batch.pointee.bytes, UnsafePointer(bytes + start).begins(with: "\u{FEFF}") else {
            return nil
        }
        var rest = self
        rest.text = sl_span(offset: text.offset + 3, length: text.length - 3)
        rest.flags.formUnion(.bomRemoved)
        return rest
    }

    /// Arena offset of the first byte to decode.
    @inline(__always) var start: Int { Int(text.offset) }
    /// Arena offset behind the last byte to decode.
    @inline(__always) var end: Int { Int(text.offset) + Int(text.length) }
    /// Whether the text is the raw bytes themselves and not a conversion of them.
    @inline(__always) var isVerbatim: Bool { text.offset == raw.offset && text.length == raw.length }
}

extension UnsafeMutablePointer where Pointee == sl_batch {
    /// The id of a name that data gives; a name that cannot be listed is put into the arena, where the room was reserved.
    @inline(__always)
    func key(_ name: UnsafePointer<UInt8>, _ length: Int) -> (id: UInt16, detail: UInt32) {
        // SAFETY: the same bytes seen as characters.
        let text = UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self)
        let id = sl_key_intern(text, length)
        if id != UInt16(SL_KEY_UNLISTED) { return (id, 0) }
        return (id, sl_batch_append_name(self, text, length))
    }
}

/// Notices a name that comes a second time in one event; names that cannot be listed are not looked at.
struct RepeatedKeys {
    private var seen: UInt64 = 0

    /// Fields of one event that are compared at most.
    private static let fieldsMax = 256

    /// Whether the event's last slot has the key of an earlier one.
    @inline(__always)
    mutating func isRepeat(_ key: UInt16, in batch: UnsafeMutablePointer<sl_batch>) -> Bool {
        let bit = UInt64(1) << UInt64(key & 63)
        defer { seen |= bit }
        return seen & bit != 0 && Self.search(key, batch)
    }

    @inline(never)
    private static func search(_ key: UInt16, _ batch: UnsafeMutablePointer<sl_batch>) -> Bool {
        let event = sl_event_open(batch)!
        let count = Int(event.pointee.count)
        guard key != UInt16(SL_KEY_UNLISTED), count <= fieldsMax else { return false }
        let slots = batch.pointee.slots + Int(event.pointee.first)
        // A loop and no closure: unoptimised code would allocate one for each call.
        var index = 0
        while index < count - 1, slots[index].key != key { index += 1 }
        return index < count - 1
    }
}
