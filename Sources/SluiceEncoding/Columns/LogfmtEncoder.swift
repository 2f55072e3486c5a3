package import CSluice
package import SluiceComponent
import SluiceEvent

/// One line of `key=value` pairs per event, fields in their order.
///
/// Values with blanks, quotes, `=`, control characters, and empty ones stand in quotes, with JSON's escapes inside; nested values
/// are their JSON text, null is `null`. Blanks, quotes, `=` and control characters in names
/// become `_` and are counted; ill-formed UTF-8 becomes U+FFFD and is counted.
package struct LogfmtEncoder: Encoder {
    /// Name in configuration.
    package static let kind = "logfmt"

    package private(set) var counts = EncodingCounts()

    /// An encoder.
    package init() {}

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let line = OutputTail(output)
        // SAFETY: slots and names of an event lie in its batch.
        for index in 0..<Int(event.pointee.count) {
            let slot = UnsafePointer(batch.pointee.slots + Int(event.pointee.first) + index)
            if Int(slot.pointee.type) == SL_ABSENT || slot.pointee.flags & UInt8(SL_META) != 0 { continue }
            if line.count > 0 { sl_buffer_append_byte(output, UInt8(ascii: " ")) }
            appendName(slot, of: batch, to: output)
            sl_buffer_append_byte(output, UInt8(ascii: "="))
            appendValue(slot, of: batch, to: output)
        }
        sl_buffer_append_byte(output, 0x0A)
    }

    private mutating func appendName(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let tail = OutputTail(output)
        var length = 0
        // SAFETY: a name lies in the table or in the batch's arena.
        if let name = sl_slot_name(batch, slot, &length) { sl_buffer_append(output, name, length) }
        counts.invalidBytesReplaced += sl_buffer_repair_utf8(output, tail.start)
        // SAFETY: as below.
        let isOdd = sl_has_blank_or(tail.bytes, tail.count, UInt8(ascii: "="), UInt8(ascii: "\""))
        if isOdd, tail.sanitise({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\"") }) {
            counts.valuesAltered += 1
        }
        if tail.count == 0 {
            sl_buffer_append_byte(output, UInt8(ascii: "_"))
            counts.valuesAltered += 1
        }
    }

    private mutating func appendValue(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        switch Int(slot.pointee.type) {
        case SL_NULL: SlotText.append("null", to: output)
        case SL_STRING, SL_OBJECT, SL_ARRAY:
            guard let base = batch.pointee.bytes, slot.pointee.text.length > 0 else {
                return SlotText.append("\"\"", to: output)
            }
            // SAFETY: the slot's text lies in its batch's arena.
            let isEscaped = slot.pointee.flags & UInt8(SL_ESCAPED) != 0
            appendText(base + Int(slot.pointee.text.offset), Int(slot.pointee.text.length), isEscaped: isEscaped, to: output)
        default: SlotText.append(slot, of: batch, to: output)
        }
    }

    /// Text as it is when it is one word, else in quotes; the escapes inside these are those of JSON.
    private mutating func appendText(
        _ text: UnsafePointer<UInt8>, _ count: Int, isEscaped: Bool, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        // SAFETY: `count` bytes of a padded arena.
        if !isEscaped, !sl_has_blank_or(text, count, UInt8(ascii: "="), UInt8(ascii: "\"")) {
            let tail = OutputTail(output)
            sl_buffer_append(output, text, count)
            counts.invalidBytesReplaced += sl_buffer_repair_utf8(output, tail.start)
            return
        }
        var replaced: UInt64 = 0
        sl_buffer_append_byte(output, UInt8(ascii: "\""))
        if isEscaped {
            sl_buffer_append_literal(output, text, count, &replaced)
        } else {
            sl_buffer_append_escaped(output, text, count, &replaced)
        }
        sl_buffer_append_byte(output, UInt8(ascii: "\""))
        counts.invalidBytesReplaced += Int(replaced)
    }
}
