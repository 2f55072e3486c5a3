import CSluice
import SluiceEvent

/// What rule tests do with a batch.
extension EventBatch {
    /// Calls `body` with the index of each event in the chain's order.
    func forEachIndex(_ body: (UInt32) -> Void) {
        var index = raw.pointee.first
        while index != UInt32.max {
            body(index)
            index = raw.pointee.events[Int(index)].next
        }
    }

    /// Appends a copy of another batch's event as if it had just been received.
    func appendNew(_ index: UInt32, from: UnsafeMutablePointer<sl_batch>, received: Int64) {
        guard let event = sl_event_copy(raw, from, from.pointee.events + Int(index)) else {
            preconditionFailure("out of memory for events")
        }
        event.pointee.received_ns = received
        event.pointee.peer = UInt32.max
        event.pointee.outputs = 0
        event.pointee.rule = 0
        event.pointee.verdict = UInt8(SL_PENDING)
    }

    /// Gives the last event a name of `meta`, as if a rule had set it.
    func addMeta(_ name: String, _ value: [UInt8]) {
        guard let key = FieldKey(text: name), let event = sl_event_open(raw) else { return }
        let span = value.withUnsafeBytes { append($0) }
        // The event is ended: its spare slots are used first, then it moves.
        if event.pointee.count == event.pointee.capacity,
            !sl_event_relocate(raw, event, event.pointee.capacity + UInt16(SL_SPARE_SLOTS))
        {
            return
        }
        // SAFETY: there is a slot behind the last one, as was just seen to.
        let slot = sl_event_slots(raw, event) + Int(event.pointee.count)
        slot.pointee = sl_slot()
        slot.pointee.key = key.id
        slot.pointee.type = UInt8(SL_STRING)
        slot.pointee.flags = UInt8(SL_META)
        slot.pointee.text = span
        event.pointee.count += 1
    }

    /// Writes what `meta` of an event says as a JSON object.
    func writeMeta(
        _ event: UnsafeMutablePointer<sl_event>, input: String, _ to: UnsafeMutablePointer<sl_buffer>,
        _ scratch: UnsafeMutablePointer<sl_buffer>
    ) {
        var writer = TableWriter(to)
        writer.key("input")
        to.appendLiteral(input)
        writer.key("format")
        to.appendLiteral(FormatName(rawValue: event.pointee.format)?.text ?? "")
        writer.key("flags")
        to.append(UInt8(ascii: "["))
        var isFirst = true
        for (bit, name) in EventFlags.names.enumerated() where event.pointee.flags >> UInt64(bit) & 1 == 1 {
            if !isFirst { to.append(UInt8(ascii: ",")) }
            isFirst = false
            to.appendLiteral("\(name)")
        }
        to.append(UInt8(ascii: "]"))
        for position in 0..<Int(event.pointee.count) {
            // SAFETY: `count` slots follow the event's first one.
            let slot = sl_event_slots(raw, event) + position
            guard Int(slot.pointee.type) != SL_ABSENT, Int(slot.pointee.flags) & SL_META != 0 else { continue }
            var length = 0
            let name = sl_slot_name(raw, slot, &length)
            writer.key(UnsafeRawBufferPointer(start: name, count: length))
            scratch.pointee.length = 0
            SlotText.append(slot, of: raw, to: scratch)
            to.appendLiteral(scratch.bytes(from: 0))
        }
        writer.end()
    }
}
