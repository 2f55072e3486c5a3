package import CSluice
package import SluiceComponent
import SluiceEvent

/// One line of `key=value` pairs per event, fields in their order.
///
/// Values with blanks, quotes, `=`, control characters, and empty ones stand in quotes, with `\"`, `\\`, `\n`, `\r`, `\t` and
/// `\u00xx` inside; nested values are their JSON text, null is `null`. Blanks, quotes, `=` and control characters in names
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
        if tail.sanitise({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\"") }) {
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
        if Int(slot.pointee.type) == SL_NULL { return SlotText.append("null", to: output) }
        let tail = OutputTail(output)
        SlotText.append(slot, of: batch, to: output)
        counts.invalidBytesReplaced += sl_buffer_repair_utf8(output, tail.start)
        guard tail.count == 0 || tail.contains(where: Self.needsQuotes) else { return }
        tail.rewrite(bytesMax: 6) { byte, to in Self.putEscaped(byte, to) }
        SlotText.append("\"\"", to: output)
        // SAFETY: two bytes more than the value were appended.
        memmove(tail.bytes + 1, tail.bytes, tail.count - 2)
        tail.bytes[0] = UInt8(ascii: "\"")
    }

    @inline(__always)
    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "\"")
    }

    @inline(__always)
    private static func putEscaped(_ byte: UInt8, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        // SAFETY: at most six bytes.
        guard byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
            to[0] = byte
            return 1
        }
        to[0] = UInt8(ascii: "\\")
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): to[1] = byte
        case 0x0A: to[1] = UInt8(ascii: "n")
        case 0x0D: to[1] = UInt8(ascii: "r")
        case 0x09: to[1] = UInt8(ascii: "t")
        default:
            to[1] = UInt8(ascii: "u")
            to[2] = 0x30
            to[3] = 0x30
            to[4] = hexDigit(byte >> 4)
            to[5] = hexDigit(byte & 15)
            return 6
        }
        return 2
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
