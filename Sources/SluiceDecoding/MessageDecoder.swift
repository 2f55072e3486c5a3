internal import CSluice
package import SluiceComponent
package import SluiceEvent

/// Two formats in one: decodes frames by the outer one, then each event's `message` by the inner one (`message_format`).
///
/// The inner fields are put behind the outer ones and `message` goes; a field of the same name is replaced in its place,
/// because what a program wrote says more than what carried it. When the inner format does not fit, the event stays as it was
/// and is flagged `message_undecoded`.
package struct MessageDecoder: Decoder {
    private var outer: any Decoder
    private var inner: any Decoder

    /// A decoder; `inner` must be tolerant.
    package init(outer: any Decoder, inner: any Decoder) {
        self.outer = outer
        self.inner = inner
    }

    package mutating func startStream() {
        outer.startStream()
        inner.startStream()
    }

    package mutating func finish(received: Int64, into batch: borrowing EventBatch) {
        let before = batch.raw.pointee.event_count
        outer.finish(received: received, into: batch)
        decodeMessages(from: before, received: received, into: batch)
    }

    package var openFrames: Int { outer.openFrames }
    package var readsHeader: Bool { outer.readsHeader }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        let before = batch.raw.pointee.event_count
        let outcome = outer.decode(frame, received: received, into: batch)
        decodeMessages(from: before, received: received, into: batch)
        return outcome
    }

    /// Goes over the events that the outer decoder made.
    private mutating func decodeMessages(from first: UInt32, received: Int64, into batch: borrowing EventBatch) {
        let raw = batch.raw
        let count = raw.pointee.event_count
        var index = first
        while index < count {
            decodeMessage(of: index, received: received, into: batch)
            index += 1
        }
    }

    private mutating func decodeMessage(of index: UInt32, received: Int64, into batch: borrowing EventBatch) {
        let raw = batch.raw
        let message = UInt16(SL_KEY_MESSAGE)
        guard let slot = sl_event_find(raw, raw.pointee.events + Int(index), message), slot.pointee.type == UInt8(SL_STRING)
        else { return }
        let text = Self.plainText(slot, raw)
        let count = raw.pointee.event_count
        let frame = Frame(offset: Int(text.offset), length: Int(text.length))
        let outcome = inner.decode(frame, received: received, into: batch)
        let event = raw.pointee.events + Int(index)
        let undecoded = EventFlags.undecoded.rawValue
        let isMerged =
            if case .decoded = outcome, raw.pointee.event_count == count + 1,
                raw.pointee.events[Int(count)].flags & undecoded == 0
            { Self.merge(raw.pointee.events + Int(count), into: event, raw) } else { false }
        if !isMerged {
            raw.cancel(downTo: count)
            event.pointee.flags |= EventFlags.messageUndecoded.rawValue
        }
    }

    /// The text of a slot without JSON's escapes.
    private static func plainText(
        _ slot: UnsafeMutablePointer<sl_slot>, _ batch: UnsafeMutablePointer<sl_batch>
    ) -> sl_span {
        let text = slot.pointee.text
        guard slot.pointee.flags & UInt8(SL_ESCAPED) != 0 else { return text }
        guard sl_batch_reserve(batch, Int(text.length)) else { preconditionFailure("out of memory for a message") }
        // SAFETY: the room was reserved, and text gets shorter by losing its escapes.
        let offset = batch.pointee.length
        let bytes = batch.pointee.bytes!
        let length = sl_json_unescape(bytes + Int(offset), bytes + Int(text.offset), Int(text.length))
        batch.pointee.length += UInt32(truncatingIfNeeded: length)
        return sl_span(offset: offset, length: UInt32(truncatingIfNeeded: length))
    }

    /// Moves the fields of the batch's last event to another one and takes the last one out. False when there are too many.
    private static func merge(
        _ inner: UnsafeMutablePointer<sl_event>, into outer: UnsafeMutablePointer<sl_event>,
        _ batch: UnsafeMutablePointer<sl_batch>
    ) -> Bool {
        let outerCount = Int(outer.pointee.count)
        let innerCount = Int(inner.pointee.count)
        let room = outerCount + innerCount + Int(SL_SPARE_SLOTS)
        guard room <= 65_000 else { return false }
        if Int(batch.pointee.slot_capacity - batch.pointee.slot_count) < room, !sl_batch_grow_slots(batch, UInt32(room)) {
            preconditionFailure("out of memory for fields")
        }
        // SAFETY: `room` slots lie behind the used ones; the merged fields are made there and moved to their place.
        let slots = batch.pointee.slots!
        let from = slots + Int(outer.pointee.first)
        let added = slots + Int(inner.pointee.first)
        let merged = slots + Int(batch.pointee.slot_count)
        var count = 0
        for index in 0..<outerCount where from[index].key != UInt16(SL_KEY_MESSAGE) || isMeta(from[index]) {
            merged[count] = from[index]
            count += 1
        }
        let kept = count
        for index in 0..<innerCount where added[index].type != UInt8(SL_ABSENT) {
            let key = added[index].key
            var place = key == UInt16(SL_KEY_UNLISTED) ? kept : 0
            while place < kept, merged[place].key != key || isMeta(merged[place]) { place += 1 }
            if place == kept {
                place = count
                count += 1
            }
            merged[place] = added[index]
        }
        if inner.pointee.time_ns != Int64.min { outer.pointee.time_ns = inner.pointee.time_ns }
        // What the message lacks its envelope has.
        let envelope = EventFlags.noTimestamp.rawValue | EventFlags.noPri.rawValue | EventFlags.headerless.rawValue
        outer.pointee.flags |= inner.pointee.flags & ~envelope
        outer.pointee.pristine = 0
        // Nearly always the outer event is the one before: its slots and those of the inner one are one run.
        let isAdjacent = outer.pointee.first + UInt32(outer.pointee.capacity) == inner.pointee.first
        let place = isAdjacent ? outer.pointee.first : inner.pointee.first
        (slots + Int(place)).update(from: merged, count: count)
        sl_event_cancel(batch)
        outer.pointee.first = place
        outer.pointee.count = UInt16(count)
        outer.pointee.capacity = UInt16(count + Int(SL_SPARE_SLOTS))
        batch.pointee.slot_count = place + UInt32(outer.pointee.capacity)
        return true
    }

    private static func isMeta(_ slot: sl_slot) -> Bool { slot.flags & UInt8(SL_META) != 0 }
}
