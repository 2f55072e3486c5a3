internal import CSluice
internal import SluiceEvent

/// The batch's last event, seen as a line of a container.
struct ContainerEvent {
    let batch: UnsafeMutablePointer<sl_batch>
    private let event: UnsafeMutablePointer<sl_event>

    init(last batch: UnsafeMutablePointer<sl_batch>) {
        self.batch = batch
        event = sl_event_open(batch)
    }

    var raw: sl_span { event.pointee.raw }
    var flags: EventFlags { EventFlags(rawValue: event.pointee.flags) }
    var message: sl_span { slot(SL_KEY_MESSAGE)?.pointee.text ?? .empty }
    var messageFlags: UInt8 { slot(SL_KEY_MESSAGE)?.pointee.flags ?? 0 }
    var stream: sl_span { slot(SL_KEY_STREAM)?.pointee.text ?? .empty }

    var time: (ns: Int64, detail: UInt32) {
        guard let slot = slot(SL_KEY_TIMESTAMP), slot.pointee.type == UInt8(SL_TIMESTAMP) else { return (.min, 0) }
        return (slot.pointee.integer, slot.pointee.detail)
    }

    func slot(_ key: Int) -> UnsafeMutablePointer<sl_slot>? { sl_event_find(batch, event, UInt16(key)) }

    func bytes(_ span: sl_span) -> UnsafeRawBufferPointer {
        // SAFETY: spans of an event lie in its batch's arena.
        UnsafeRawBufferPointer(start: batch.pointee.bytes + Int(span.offset), count: Int(span.length))
    }

    /// Copies bytes to the arena.
    static func append(_ bytes: [UInt8], to batch: UnsafeMutablePointer<sl_batch>) -> sl_span {
        let offset = sl_batch_append(batch, bytes, bytes.count)
        precondition(offset != UInt32.max, "out of memory for a joined line")
        return sl_span(offset: offset, length: UInt32(truncatingIfNeeded: bytes.count))
    }

    /// Gives the event a joined message.
    func replace(
        message: [UInt8], flags: UInt8, raw: [UInt8], time: (ns: Int64, detail: UInt32), eventFlags: EventFlags
    ) {
        event.pointee.raw = Self.append(raw, to: batch)
        event.pointee.flags |= eventFlags.rawValue
        event.pointee.pristine = 0
        let text = Self.append(message, to: batch)
        if let slot = slot(SL_KEY_MESSAGE) {
            slot.pointee.text = text
            slot.pointee.flags = flags
        }
        if time.ns != Int64.min, let slot = slot(SL_KEY_TIMESTAMP) {
            slot.pointee.type = UInt8(SL_TIMESTAMP)
            slot.pointee.flags = 0
            slot.pointee.integer = time.ns
            slot.pointee.detail = time.detail
            event.pointee.time_ns = time.ns
        }
    }
}
