import CSluice
import SluiceEvent

/// Everything that tests compare of an event.
enum EventText {
    /// Fields in their order as `name=text`, `meta` ones with `@`, the peer, and flags with `!`.
    static func describe(_ batch: borrowing EventBatch, _ event: UnsafeMutablePointer<sl_event>) -> [String] {
        var parts: [String] = []
        for index in 0..<Int(event.pointee.count) {
            let slot = batch.raw.pointee.slots + Int(event.pointee.first) + index
            guard slot.pointee.type != UInt8(SL_ABSENT) else { continue }
            var length = 0
            let start = sl_slot_name(batch.raw, slot, &length)
            let name = String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
            let isMeta = slot.pointee.flags & UInt8(SL_META) != 0
            var buffer = sl_buffer()
            defer { sl_buffer_destroy(&buffer) }
            SlotText.append(slot, of: batch.raw, to: &buffer)
            let text = String(decoding: UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.length), as: UTF8.self)
            parts.append((isMeta ? "@" : "") + name + "=" + text)
        }
        if let peer = batch.peer(of: event) { parts.append("peer=" + String(decoding: peer, as: UTF8.self)) }
        for (bit, name) in EventFlags.names.enumerated() where event.pointee.flags >> bit & 1 != 0 { parts.append("!\(name)") }
        return parts
    }

    /// The message and the flags: what framing decides.
    static func framed(_ batch: borrowing EventBatch, _ event: UnsafeMutablePointer<sl_event>) -> String {
        describe(batch, event).filter { $0.hasPrefix("message=") || ["!truncated", "!framing_repaired"].contains($0) }
            .joined(separator: " ").replacing("message=", with: "")
    }
}
