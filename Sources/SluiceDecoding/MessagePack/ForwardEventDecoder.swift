package import CSluice
package import SluiceEvent

/// Makes events of the entries of Fluent's forward protocol: a time and a record, `[TIME, RECORD]` or `[[TIME, METADATA], RECORD]`.
///
/// The record's members are the fields (``MessagePackRecordReader`` says how), the entry's time is `timestamp` in UTC with as many
/// digits as it needs (a time of 0 or nil is none, and flagged `no_timestamp`). A record that has a `timestamp` of its own keeps it, and
/// the entry's time is `meta.time` then. The tag is `meta.tag`, the metadata that Fluent Bit adds `meta.metadata`, as JSON text.
package final class ForwardEventDecoder {
    private let reader = MessagePackRecordReader()
    private let tagKey = FieldKey("tag").id
    private let timeKey = FieldKey("time").id
    private let metadataKey = FieldKey("metadata").id

    /// A decoder.
    package init() {}

    /// Puts a tag into the arena, for all events of its message; nil when it does not fit.
    package func place(tag: UnsafeRawBufferPointer, in batch: borrowing EventBatch) -> sl_span? {
        guard sl_batch_reserve(batch.raw, tag.count) else { return nil }
        return batch.append(tag)
    }

    /// Appends the event of an entry, whose bytes are copied to the arena; `body` is where its time begins. What is refused leaves no
    /// event behind, and its fault is the answer.
    package func decode(
        _ entry: UnsafeRawBufferPointer, body: Int, tag: sl_span, received: Int64, into batch: borrowing EventBatch
    ) -> MessagePackFault? {
        let raw = batch.raw
        guard entry.count <= Int(UInt32.max) / 2, sl_batch_reserve(raw, entry.count) else { return .tooLarge }
        let before = raw.pointee.length
        let span = batch.append(entry)
        _ = raw.begin(raw: span, flags: .none, received: received, format: .forward)
        if let fault = decode(from: Int(span.offset) + body, to: Int(span.end), tag, raw) {
            sl_event_cancel(raw)
            raw.pointee.length = before
            return fault
        }
        raw.end()
        return nil
    }

    private func decode(
        from start: Int, to end: Int, _ tag: sl_span, _ batch: UnsafeMutablePointer<sl_batch>
    ) -> MessagePackFault? {
        var at = start
        var metadata: sl_span?
        if let fault = readTime(batch, at: &at, end, &metadata) { return fault }
        let event = sl_event_open(batch)!
        let hasTime = event.pointee.count > 0
        let entryTime = event.pointee.time_ns
        let record = reader.read(batch, from: at, to: end)
        if let fault = record.fault { return fault }
        if hasTime, record.hasTimestamp {
            // The record's own wins; the entry's is the first slot.
            let slot = batch.pointee.slots + Int(event.pointee.first)
            slot.pointee.key = timeKey
            slot.pointee.flags = UInt8(SL_META)
        } else if !hasTime, !record.hasTimestamp {
            event.pointee.flags |= EventFlags.noTimestamp.rawValue
        }
        if event.pointee.time_ns == Int64.min { event.pointee.time_ns = entryTime }
        guard addMeta(tagKey, SL_STRING, tag, batch) else { return .fieldsMax }
        if let metadata, !addMeta(metadataKey, SL_OBJECT, metadata, batch) { return .fieldsMax }
        return nil
    }

    private func addMeta(_ key: UInt16, _ type: Int, _ text: sl_span, _ batch: UnsafeMutablePointer<sl_batch>) -> Bool {
        sl_event_add_text(batch, key, UInt8(type), UInt8(SL_META), text.offset, text.length)
    }

    /// Reads the time, which may stand in an array with metadata, into the event's first slot, and moves `at` behind it.
    private func readTime(
        _ batch: UnsafeMutablePointer<sl_batch>, at: inout Int, _ end: Int, _ metadata: inout sl_span?
    ) -> MessagePackFault? {
        // SAFETY: `at..<end` lies in the arena; the pointer is made anew behind each call that may move it.
        guard let bytes = UnsafePointer(batch.pointee.bytes) else { return .malformed }
        let limit = bytes + end
        var head = sl_msgpack_head()
        guard sl_msgpack_read(bytes + at, limit, &head) == 1 else { return .malformed }
        at += Int(head.size)
        let hasMetadata = head.kind == SL_MSGPACK_ARRAY
        var more = 0
        if hasMetadata {
            guard head.length >= 1 else { return .noTime }
            more = Int(head.length) - 1
            guard sl_msgpack_read(bytes + at, limit, &head) == 1 else { return .malformed }
            at += Int(head.size)
        }
        let payload = bytes + at
        if sl_msgpack_has_payload(head.kind) {
            guard Int(head.length) <= end - at else { return .malformed }
            at += Int(head.length)
        }
        switch MessagePackTime.entry(head, payload) {
        case .other: return .noTime
        case .none(true): break
        case .none(false): sl_event_open(batch).pointee.flags |= EventFlags.valueInvalid.rawValue
        case .time(let ns, let digits):
            guard sl_event_add_time(batch, UInt16(SL_KEY_TIMESTAMP), ns, digits) else { return .fieldsMax }
        }
        for index in 0..<more {
            guard let fault = readMetadata(batch, at: &at, end, isFirst: index == 0, &metadata) else { continue }
            return fault
        }
        return nil
    }

    /// Reads what stands behind the time in its array: the first map that is not empty is kept.
    private func readMetadata(
        _ batch: UnsafeMutablePointer<sl_batch>, at: inout Int, _ end: Int, isFirst: Bool, _ metadata: inout sl_span?
    ) -> MessagePackFault? {
        guard let bytes = UnsafePointer(batch.pointee.bytes) else { return .malformed }
        var head = sl_msgpack_head()
        // SAFETY: `at..<end` lies in the arena.
        guard sl_msgpack_read(bytes + at, bytes + end, &head) == 1, let behind = sl_msgpack_skip(bytes + at, bytes + end) else {
            return .malformed
        }
        defer { at = behind - bytes }
        guard isFirst, head.kind == SL_MSGPACK_MAP, head.length > 0 else { return nil }
        let outcome = reader.readNested(batch, from: at, to: end)
        if let fault = outcome.fault { return fault }
        if outcome.isOdd { sl_event_open(batch).pointee.flags |= EventFlags.valueInvalid.rawValue }
        metadata = outcome.text
        return nil
    }
}
