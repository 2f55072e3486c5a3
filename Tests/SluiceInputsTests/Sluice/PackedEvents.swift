import CSluice
import SluiceEncoding
import SluiceEvent

/// A batch of events with these messages, for tests that pack them.
func batch(messages: [String], received: Int64 = 5) -> EventBatch {
    let batch = EventBatch()
    for message in messages {
        let text = Array(message.utf8).withUnsafeBytes { batch.append($0) }
        _ = sl_event_begin(batch.raw, text, received, 0)
        _ = sl_event_add_text(
            batch.raw, UInt16(SL_KEY_MESSAGE), UInt8(SL_STRING), UInt8(SL_CLEAN), text.offset, text.length)
        _ = sl_event_end(batch.raw)
    }
    return batch
}

/// Records as they travel, of the events of a batch; `input` is the name of the input that took them in.
func packed(_ batch: borrowing EventBatch, input: String = "web") -> [UInt8] {
    var encoder = PackedEventEncoder(inputs: [input])
    var buffer = sl_buffer()
    defer { sl_buffer_destroy(&buffer) }
    batch.forEachEvent { encoder.encode(UnsafePointer($0), of: UnsafePointer(batch.raw), to: &buffer) }
    return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length))
}

/// Records of events with these messages.
func packed(messages: [String]) -> [UInt8] { packed(batch(messages: messages)) }

/// The events of a batch as JSON lines.
func json(_ batch: borrowing EventBatch) -> [String] {
    var encoder = JSONEventEncoder()
    var buffer = sl_buffer()
    defer { sl_buffer_destroy(&buffer) }
    batch.forEachEvent { encoder.encode(UnsafePointer($0), of: UnsafePointer(batch.raw), to: &buffer) }
    return String(decoding: UnsafeBufferPointer(start: buffer.bytes, count: buffer.length), as: UTF8.self).split(separator: "\n").map(
        String.init)
}
