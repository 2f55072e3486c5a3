package import CSluice
package import SluiceComponent
import SluiceEvent

/// Events as entries of Fluent's forward protocol, `[EventTime, {NAME: VALUE, …}]` in MessagePack, one behind the other.
///
/// The entry's time is that of the field `timestamp`, which is left out of the record then; the offset from UTC is not carried. A
/// `timestamp` that is no time, or that EventTime cannot hold (before 1970, past 2106), stays in the record as it is, and the entry has
/// the event's time or the one at which it was received. Other times, facility and severity are text.
package struct ForwardEntryEncoder: Encoder {
    private var writer = MessagePackValueWriter()

    /// An encoder.
    package init() {}

    package var counts: EncodingCounts {
        var counts = EncodingCounts()
        counts.valuesAltered = writer.altered
        return counts
    }

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        sl_msgpack_put_array(output, 2)
        let leavesOut = putTime(event, of: batch, to: output)
        // SAFETY: the event's slots lie in its batch. A loop and no closure: unoptimised code would allocate one for each call.
        guard let slots = UnsafePointer(batch.pointee.slots) else { return sl_msgpack_put_map(output, 0) }
        let first = slots + Int(event.pointee.first)
        var count: UInt32 = 0
        for index in 0..<Int(event.pointee.count) where Self.isWritten(first + index, leavesOut) { count += 1 }
        sl_msgpack_put_map(output, count)
        for index in 0..<Int(event.pointee.count) where Self.isWritten(first + index, leavesOut) {
            putName(first + index, of: batch, to: output)
            putValue(first + index, of: batch, to: output)
        }
    }

    private static func isWritten(_ slot: UnsafePointer<sl_slot>, _ leavesOut: Bool) -> Bool {
        if Int(slot.pointee.type) == SL_ABSENT || slot.pointee.flags & UInt8(SL_META) != 0 { return false }
        return !(leavesOut && slot.pointee.key == UInt16(SL_KEY_TIMESTAMP))
    }

    /// Appends the entry's time; answers whether it says all that the field `timestamp` does.
    private func putTime(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) -> Bool {
        var own: Int64?
        if let slot = UnsafePointer(sl_event_find(batch, event, UInt16(SL_KEY_TIMESTAMP))),
            Int(slot.pointee.type) == SL_TIMESTAMP || Int(slot.pointee.type) == SL_STRING
        {
            own = FieldValue(.slot(slot)).time(in: event, of: batch)?.ns
        }
        let other = event.pointee.time_ns == Int64.min ? event.pointee.received_ns : event.pointee.time_ns
        let (seconds, nanoseconds) = CivilTime.floorDivide(own ?? other, by: 1_000_000_000)
        // Zero stands for “no time” with all receivers.
        guard own ?? other != 0, let seconds32 = UInt32(exactly: seconds) else {
            sl_msgpack_put_integer(output, seconds)
            return false
        }
        sl_msgpack_put_event_time(output, seconds32, UInt32(truncatingIfNeeded: nanoseconds))
        return own != nil
    }

    private func putName(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        var length = 0
        // SAFETY: a name lies in the table for ever, or in the batch's arena.
        guard let name = sl_slot_name(batch, slot, &length) else { return sl_msgpack_put_string_head(output, 0) }
        let bytes = UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self)
        writer.put(text: bytes, length, isClean: slot.pointee.key != UInt16(SL_KEY_UNLISTED), to: output)
    }

    private mutating func putValue(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        switch Int(slot.pointee.type) {
        case SL_TRUE, SL_FALSE: sl_msgpack_put_boolean(output, Int(slot.pointee.type) == SL_TRUE)
        case SL_INTEGER: sl_msgpack_put_integer(output, slot.pointee.integer)
        case SL_FLOAT: sl_msgpack_put_double(output, slot.pointee.number)
        case SL_TIMESTAMP, SL_FACILITY, SL_SEVERITY: putShort(slot, of: batch, to: output)
        case SL_STRING, SL_NUMBER, SL_OBJECT, SL_ARRAY: putText(slot, of: batch, to: output)
        default: sl_msgpack_put_nil(output)
        }
    }

    /// A value that prints as a short text.
    private func putShort(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        // The text is printed behind the longest head that it can have, and moved when its head is shorter.
        let headBytesMax = 2
        let start = output.pointee.length
        _ = sl_buffer_reserve(output, headBytesMax)
        output.pointee.length += headBytesMax
        SlotText.append(slot, of: batch, to: output)
        let length = output.pointee.length - start - headBytesMax
        output.pointee.length = start
        sl_msgpack_put_string_head(output, UInt32(length))
        // SAFETY: `length` bytes lie behind the room for the head; the target begins no later.
        let bytes: UnsafeMutablePointer<UInt8> = output.pointee.bytes
        memmove(bytes + output.pointee.length, bytes + start + headBytesMax, length)
        output.pointee.length += length
    }

    private mutating func putText(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let length = Int(slot.pointee.text.length)
        // An arena that never held a byte has no address; its texts are empty.
        guard let base = batch.pointee.bytes else { return sl_msgpack_put_string_head(output, 0) }
        // SAFETY: spans of slots lie in their batch's arena.
        let text = UnsafePointer(base + Int(slot.pointee.text.offset))
        switch Int(slot.pointee.type) {
        case SL_NUMBER: writer.put(number: text, length, to: output)
        case SL_OBJECT, SL_ARRAY: writer.put(json: text, length, to: output)
        case _ where slot.pointee.flags & UInt8(SL_ESCAPED) != 0: writer.put(escaped: text, length, to: output)
        default: writer.put(text: text, length, isClean: slot.pointee.flags & UInt8(SL_CLEAN) != 0, to: output)
        }
    }
}
