internal import CSluice
internal import SluiceEvent

/// Reads a MessagePack map that lies in an arena into the slots of the event under construction.
///
/// Texts and bytes stay where they are, whether they are UTF-8 or not; integers, floats, booleans and nil keep their type; maps and
/// arrays become JSON text behind everything else in the arena. What JSON has no word for becomes text and the event is flagged
/// `value_invalid`: `NaN`, `Infinity`, and extensions other than times, as Base64. Names that are no text are their JSON text.
final class MessagePackRecordReader {
    private let nested = MessagePackJSONText()
    private let timeKey = UInt16(SL_KEY_TIMESTAMP)

    /// What became of a record.
    struct Outcome {
        /// Arena offset behind the record.
        var end = 0
        /// The record has a field `timestamp` of its own.
        var hasTimestamp = false
        var fault: MessagePackFault?
    }

    /// Reads the map at arena offset `start`, whose bytes end before `end`. The fields of a faulty one are the caller's to take back.
    func read(_ batch: UnsafeMutablePointer<sl_batch>, from start: Int, to end: Int) -> Outcome {
        var outcome = Outcome(end: start)
        guard let map = head(batch, at: &outcome.end, end) else { return Outcome(fault: .malformed) }
        guard map.kind == SL_MSGPACK_MAP else { return Outcome(fault: .noRecord) }
        var repeated = RepeatedKeys()
        for _ in 0..<map.length {
            var slot = sl_slot()
            outcome.fault = readName(batch, at: &outcome.end, end, &slot) ?? readValue(batch, at: &outcome.end, end, &slot)
            if outcome.fault != nil { return outcome }
            guard let place = sl_event_add(batch, slot.key) else {
                outcome.fault = .fieldsMax
                return outcome
            }
            place.pointee = slot
            if slot.key == timeKey {
                if outcome.hasTimestamp { sl_event_open(batch).pointee.flags |= EventFlags.duplicateKey.rawValue }
                outcome.hasTimestamp = true
                readTime(batch, place)
            } else if repeated.isRepeat(slot.key, in: batch) {
                sl_event_open(batch).pointee.flags |= EventFlags.duplicateKey.rawValue
            }
        }
        return outcome
    }

    /// The JSON text of the map or array at arena offset `start`.
    func readNested(_ batch: UnsafeMutablePointer<sl_batch>, from start: Int, to end: Int) -> MessagePackJSONText.Outcome {
        nested.append(from: start, to: end, in: batch)
    }

    /// Reads a head and moves `at` behind it; nil when it, or its payload, does not end before `end`.
    private func head(_ batch: UnsafeMutablePointer<sl_batch>, at: inout Int, _ end: Int) -> sl_msgpack_head? {
        var head = sl_msgpack_head()
        // SAFETY: `at..<end` lies in the arena.
        guard let bytes = batch.pointee.bytes, sl_msgpack_read(bytes + at, bytes + end, &head) == 1 else { return nil }
        at += Int(head.size)
        if sl_msgpack_has_payload(head.kind), Int(head.length) > end - at { return nil }
        return head
    }

    // MARK: - Names

    private func readName(
        _ batch: UnsafeMutablePointer<sl_batch>, at: inout Int, _ end: Int, _ slot: inout sl_slot
    ) -> MessagePackFault? {
        guard let head = head(batch, at: &at, end) else { return .malformed }
        switch head.kind {
        case SL_MSGPACK_STRING, SL_MSGPACK_BINARY:
            defer { at += Int(head.length) }
            return setName(batch, offset: at, length: Int(head.length), &slot)
        case SL_MSGPACK_ARRAY, SL_MSGPACK_MAP: return .nameIsContainer
        default:
            guard sl_batch_reserve(batch, MessagePackText.room(for: head)), let bytes = batch.pointee.bytes else { return .tooLarge }
            let offset = Int(batch.pointee.length)
            let written = MessagePackText.append(head, bytes + at, to: bytes + offset)
            if sl_msgpack_has_payload(head.kind) { at += Int(head.length) }
            batch.pointee.length += UInt32(written.count)
            if written.isOdd { flagValue(batch) }
            return setName(batch, offset: offset, length: written.count, &slot)
        }
    }

    private func setName(
        _ batch: UnsafeMutablePointer<sl_batch>, offset: Int, length: Int, _ slot: inout sl_slot
    ) -> MessagePackFault? {
        // SAFETY: the name lies in the arena; the pointer is made anew behind the call that may move it.
        guard let bytes = batch.pointee.bytes else { return .malformed }
        slot.key = sl_key_intern(UnsafeRawPointer(bytes + offset).assumingMemoryBound(to: CChar.self), length)
        guard slot.key == UInt16(SL_KEY_UNLISTED) else { return nil }
        guard sl_batch_reserve(batch, length + 4), let moved = batch.pointee.bytes else { return .tooLarge }
        slot.detail = sl_batch_append_name(batch, UnsafeRawPointer(moved + offset).assumingMemoryBound(to: CChar.self), length)
        return nil
    }

    // MARK: - Values

    private func readValue(
        _ batch: UnsafeMutablePointer<sl_batch>, at: inout Int, _ end: Int, _ slot: inout sl_slot
    ) -> MessagePackFault? {
        let start = at
        guard let head = head(batch, at: &at, end) else { return .malformed }
        if sl_msgpack_has_payload(head.kind) { at += Int(head.length) }
        slot.integer = 0
        switch head.kind {
        case SL_MSGPACK_NIL: slot.type = UInt8(SL_NULL)
        case SL_MSGPACK_FALSE: slot.type = UInt8(SL_FALSE)
        case SL_MSGPACK_TRUE: slot.type = UInt8(SL_TRUE)
        case SL_MSGPACK_INTEGER:
            slot.type = UInt8(SL_INTEGER)
            slot.integer = head.integer
        case SL_MSGPACK_FLOAT where head.number.isFinite:
            slot.type = UInt8(SL_FLOAT)
            slot.number = head.number
        case SL_MSGPACK_STRING, SL_MSGPACK_BINARY:
            slot.type = UInt8(SL_STRING)
            slot.text = sl_span(offset: UInt32(at - Int(head.length)), length: head.length)
        case SL_MSGPACK_ARRAY, SL_MSGPACK_MAP:
            let outcome = nested.append(from: start, to: end, in: batch)
            if let fault = outcome.fault { return fault }
            at = outcome.end
            if outcome.isOdd { flagValue(batch) }
            slot.type = UInt8(head.kind == SL_MSGPACK_MAP ? SL_OBJECT : SL_ARRAY)
            slot.text = outcome.text
        default: return readOdd(head, at: at, batch, &slot)
        }
        return nil
    }

    /// A value that only its text can hold, or a time.
    private func readOdd(
        _ head: sl_msgpack_head, at: Int, _ batch: UnsafeMutablePointer<sl_batch>, _ slot: inout sl_slot
    ) -> MessagePackFault? {
        guard sl_batch_reserve(batch, MessagePackText.room(for: head)), let bytes = batch.pointee.bytes else { return .tooLarge }
        // SAFETY: the payload lies in the arena before `at`, and the room for the text was made in the line above.
        let payload = UnsafePointer(bytes + at - (sl_msgpack_has_payload(head.kind) ? Int(head.length) : 0))
        if case .time(let ns, let digits) = MessagePackTime.value(head, payload) {
            slot.type = UInt8(SL_TIMESTAMP)
            slot.integer = ns
            // An unlisted name has its place where the time's digits would be: it is text then.
            if slot.key != UInt16(SL_KEY_UNLISTED) {
                slot.detail = digits
                return nil
            }
        }
        let offset = batch.pointee.length
        let written = MessagePackText.append(head, payload, to: bytes + Int(offset))
        batch.pointee.length += UInt32(written.count)
        slot.type = UInt8(head.kind == SL_MSGPACK_UNSIGNED ? SL_NUMBER : SL_STRING)
        slot.text = sl_span(offset: offset, length: UInt32(written.count))
        if written.isOdd { flagValue(batch) }
        return nil
    }

    private func flagValue(_ batch: UnsafeMutablePointer<sl_batch>) {
        sl_event_open(batch).pointee.flags |= EventFlags.valueInvalid.rawValue
    }

    /// A field `timestamp` whose text reads as a time, or that is one, is the event's time, as in JSON.
    private func readTime(_ batch: UnsafeMutablePointer<sl_batch>, _ slot: UnsafeMutablePointer<sl_slot>) {
        let event = sl_event_open(batch)!
        if Int(slot.pointee.type) == SL_TIMESTAMP { event.pointee.time_ns = slot.pointee.integer }
        guard Int(slot.pointee.type) == SL_STRING, let bytes = batch.pointee.bytes else { return }
        let text = slot.pointee.text
        // SAFETY: the text lies in the arena.
        guard let time = TimestampText.parseRFC3339(bytes + Int(text.offset), Int(text.length)) else { return }
        slot.pointee.flags |= UInt8(SL_TIME)
        slot.pointee.detail = time.detail
        event.pointee.time_ns = time.ns
    }
}
