package import CSluice
package import SluiceComponent
import SluiceEvent

/// One JSON object per line (NDJSON): always valid UTF-8 and valid JSON, fields in their order.
///
/// What no rule touched goes out as it came: a JSON event nobody changed is copied whole, untouched values keep their
/// spelling. Strings are scanned while they are copied, 16 bytes at a time; ill-formed UTF-8 becomes U+FFFD and is counted.
package struct JSONEventEncoder: Encoder {
    /// Name in configuration.
    package static let kind = "json"

    private var minute = PrintedMinute()
    private var replaced: UInt64 = 0

    /// An encoder.
    package init() {}

    package var counts: EncodingCounts {
        var counts = EncodingCounts()
        counts.invalidBytesReplaced = Int(replaced)
        return counts
    }

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        // SAFETY: slots, spans and names of an event lie in its batch; each write is preceded by a check of the room, and
        // copies that write whole vectors stay within the padding behind it.
        if event.pointee.pristine != 0 { return Self.copyRaw(event, of: batch, to: output) }
        guard let slots = batch.pointee.slots, let keys = sl_key_at(0) else { return Self.writeEmpty(to: output) }
        let start = output.pointee.length
        // A batch that holds no bytes yet has no arena; its texts are empty and any address will do.
        let base = batch.pointee.bytes.map { UnsafePointer($0) } ?? UnsafeRawPointer(slots).assumingMemoryBound(to: UInt8.self)
        var line = Line(output)
        var to = output.pointee.bytes + start
        var slot = UnsafePointer(slots) + Int(event.pointee.first)
        let end = slot + Int(event.pointee.count)
        while slot < end {
            let type = Int(slot.pointee.type)
            if type != SL_ABSENT, slot.pointee.flags & UInt8(SL_META) == 0 {
                let valueBytes = Self.isText(type) ? Int(slot.pointee.text.length) : 0
                if slot.pointee.key != UInt16(SL_KEY_UNLISTED) {
                    to = line.writeName(keys + Int(slot.pointee.key), valueBytes: valueBytes, at: to)
                } else {
                    to = writeUnlistedName(slot, of: batch, valueBytes: valueBytes, at: to, in: &line)
                }
                if type == SL_STRING {
                    to = writeString(slot, base, at: to, in: &line)
                } else {
                    to = writeValue(slot, type, base, at: to, in: &line)
                }
            }
            slot += 1
        }
        if to - output.pointee.bytes == start { return Self.writeEmpty(to: output) }
        line.finish(from: start, at: to)
    }

    /// Whether values of the type are spans of text.
    @inline(__always)
    private static func isText(_ type: Int) -> Bool { type &- SL_NUMBER >= 0 && type &- SL_ARRAY <= 0 }

    private static func copyRaw(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let raw = event.pointee.raw
        // SAFETY: the raw bytes lie in the batch's arena; one byte more than they is reserved.
        let to = sl_buffer_reserve(output, Int(raw.length) + 1)!
        memcpy(to, batch.pointee.bytes + Int(raw.offset), Int(raw.length))
        to[Int(raw.length)] = 0x0A
        output.pointee.length += Int(raw.length) + 1
    }

    private static func writeEmpty(to output: UnsafeMutablePointer<sl_buffer>) { SlotText.append("{}\n", to: output) }

    @inline(__always)
    private mutating func writeString(
        _ slot: UnsafePointer<sl_slot>, _ base: UnsafePointer<UInt8>, at position: UnsafeMutablePointer<UInt8>,
        in line: inout Line
    ) -> UnsafeMutablePointer<UInt8> {
        // SAFETY: the name made room for the value's bytes and quotes; arenas are padded.
        let from = base + Int(slot.pointee.text.offset)
        let length = Int(slot.pointee.text.length)
        let flags = slot.pointee.flags
        var to = position + 1
        position[0] = UInt8(ascii: "\"")
        if flags & UInt8(SL_CLEAN) != 0 {
            sl_copy_padded(to, from, length)
            to += length
        } else if flags & UInt8(SL_ESCAPED) == 0 {
            let plain = sl_copy_until(to, from, length, SL_STOP_TEXT)
            to += plain
            if plain < length { to = writeRest(from + plain, length - plain, SL_STOP_TEXT, at: to, in: &line) }
        } else {
            let plain = sl_copy_until(to, from, length, SL_STOP_LITERAL)
            to += plain
            if plain < length { to = writeRest(from + plain, length - plain, SL_STOP_LITERAL, at: to, in: &line) }
        }
        to[0] = UInt8(ascii: "\"")
        return to + 1
    }

    /// The rest of a string from the first byte on that cannot be copied as it is.
    @inline(never)
    private mutating func writeRest(
        _ from: UnsafePointer<UInt8>, _ length: Int, _ stop: sl_stop, at to: UnsafeMutablePointer<UInt8>,
        in line: inout Line
    ) -> UnsafeMutablePointer<UInt8> {
        // SAFETY: the bytes lie in an arena, which is padded.
        line.close(to)
        if stop == SL_STOP_TEXT {
            sl_buffer_append_escaped(line.output, from, length, &replaced)
        } else {
            sl_buffer_append_literal(line.output, from, length, &replaced)
        }
        return line.open()
    }

    @inline(never)
    private mutating func writeUnlistedName(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, valueBytes: Int,
        at to: UnsafeMutablePointer<UInt8>, in line: inout Line
    ) -> UnsafeMutablePointer<UInt8> {
        var length = 0
        // SAFETY: an unlisted name lies in its batch's arena.
        let name = UnsafeRawPointer(sl_slot_name(batch, slot, &length)!).assumingMemoryBound(to: UInt8.self)
        line.close(to)
        SlotText.append(",\"", to: line.output)
        sl_buffer_append_escaped(line.output, name, length, &replaced)
        SlotText.append("\":", to: line.output)
        return line.open(valueBytes)
    }

    /// Any value but a string.
    private mutating func writeValue(
        _ slot: UnsafePointer<sl_slot>, _ type: Int, _ base: UnsafePointer<UInt8>,
        at to: UnsafeMutablePointer<UInt8>, in line: inout Line
    ) -> UnsafeMutablePointer<UInt8> {
        // SAFETY: the name made room for the value's text and 64 bytes more.
        switch type {
        case SL_TIMESTAMP:
            to[0] = UInt8(ascii: "\"")
            let length = minute.print(ns: slot.pointee.integer, detail: slot.pointee.detail, to: to + 1)
            to[1 + length] = UInt8(ascii: "\"")
            return to + (length &+ 2)
        case SL_FACILITY: return Self.writeKeyword(sl_facility_keyword(slot.pointee.integer), slot.pointee.integer, at: to)
        case SL_SEVERITY: return Self.writeKeyword(sl_severity_keyword(slot.pointee.integer), slot.pointee.integer, at: to)
        case SL_NUMBER:
            sl_copy_padded(to, base + Int(slot.pointee.text.offset), Int(slot.pointee.text.length))
            return to + Int(slot.pointee.text.length)
        case SL_INTEGER: return to + Self.printInteger(slot.pointee.integer, to)
        case SL_FLOAT where slot.pointee.number.isFinite:
            return to + to.withMemoryRebound(to: CChar.self, capacity: 32) { sl_print_double($0, slot.pointee.number) }
        case SL_TRUE: return Self.writeWord(0x6575_7274, at: to)
        case SL_FALSE:
            to[4] = UInt8(ascii: "e")
            return Self.writeWord(0x736C_6166, at: to) + 1
        case SL_OBJECT, SL_ARRAY:
            line.close(to)
            let text = slot.pointee.text
            sl_buffer_append_json_text(line.output, base + Int(text.offset), Int(text.length), &replaced)
            return line.open()
        default: return Self.writeWord(0x6C6C_756E, at: to)
        }
    }

    @inline(__always)
    private static func writeKeyword(
        _ keyword: UnsafePointer<sl_keyword>?, _ code: Int64, at to: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        guard let keyword else { return to + printInteger(code, to) }
        // SAFETY: a keyword is 16 bytes; the name made room for 64.
        memcpy(to, keyword, 16)
        return to + Int(keyword.pointee.json_length)
    }

    private static func printInteger(_ value: Int64, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        // SAFETY: an integer has 20 bytes at most; the name made room for 64.
        to.withMemoryRebound(to: CChar.self, capacity: 20) { sl_print_integer($0, value) }
    }

    /// Writes four letters, the first one in the lowest byte.
    @inline(__always)
    private static func writeWord(_ letters: UInt32, at to: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        // SAFETY: the name made room for 64 bytes.
        UnsafeMutableRawPointer(to).storeBytes(of: letters.littleEndian, as: UInt32.self)
        return to + 4
    }
}
