import CSluice
import SluiceComponent
import SluiceEvent

/// STRUCTURED-DATA of RFC 5424 section 6.3 from the JSON text of `structured_data`: `{"id@1":{"name":"value"}}`.
struct StructuredDataText {
    /// Bytes of an SD-ID or PARAM-NAME at most.
    private static let nameBytesMax = 32

    /// Whether line ends in values stay (they may where a frame's length is known).
    var keepsLineEnds = false

    /// Appends all elements, `-` when there are none.
    func append(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>,
        _ counts: inout EncodingCounts
    ) {
        let start = OutputTail(output)
        if Int(slot.pointee.type) == SL_OBJECT, let base = batch.pointee.bytes {
            // SAFETY: the object's text lies in the batch's arena; spans that the navigator gives lie in the text.
            let text = UnsafePointer(base + Int(slot.pointee.text.offset))
            var at = 0
            var name = sl_span()
            var value = sl_span()
            while sl_json_next_member(text, Int(slot.pointee.text.length), &at, &name, &value) {
                appendElement(text, name, value, to: output, &counts)
            }
        } else if Int(slot.pointee.type) != SL_NULL {
            counts.fieldsLeftOut += 1
        }
        if start.count == 0 { sl_buffer_append_byte(output, UInt8(ascii: "-")) }
    }

    /// `[id name="value"]`.
    private func appendElement(
        _ text: UnsafePointer<UInt8>, _ name: sl_span, _ value: sl_span, to output: UnsafeMutablePointer<sl_buffer>,
        _ counts: inout EncodingCounts
    ) {
        // SAFETY: spans lie in `text`.
        sl_buffer_append_byte(output, UInt8(ascii: "["))
        appendName(text + Int(name.offset), Int(name.length), to: output, &counts)
        let members = text + Int(value.offset)
        if members[0] == UInt8(ascii: "{") {
            var at = 0
            var member = sl_span()
            var content = sl_span()
            while sl_json_next_member(members, Int(value.length), &at, &member, &content) {
                appendParameters(members, member, content, to: output, &counts)
            }
        } else if members[0] != UInt8(ascii: "n") {
            counts.valuesAltered += 1
        }
        sl_buffer_append_byte(output, UInt8(ascii: "]"))
    }

    /// One parameter, or one for each element of a list.
    private func appendParameters(
        _ text: UnsafePointer<UInt8>, _ name: sl_span, _ value: sl_span, to output: UnsafeMutablePointer<sl_buffer>,
        _ counts: inout EncodingCounts
    ) {
        // SAFETY: spans lie in `text`.
        let content = text + Int(value.offset)
        guard content[0] == UInt8(ascii: "[") else {
            return appendParameter(text, name, content, Int(value.length), to: output, &counts)
        }
        var at = 0
        var element = sl_span()
        while sl_json_next_element(content, Int(value.length), &at, &element) {
            appendParameter(text, name, content + Int(element.offset), Int(element.length), to: output, &counts)
        }
    }

    private func appendParameter(
        _ text: UnsafePointer<UInt8>, _ name: sl_span, _ value: UnsafePointer<UInt8>, _ count: Int,
        to output: UnsafeMutablePointer<sl_buffer>, _ counts: inout EncodingCounts
    ) {
        sl_buffer_append_byte(output, UInt8(ascii: " "))
        // SAFETY: spans lie in `text`.
        appendName(text + Int(name.offset), Int(name.length), to: output, &counts)
        SlotText.append("=\"", to: output)
        let tail = OutputTail(output)
        SlotText.append(json: value, count: count, to: output)
        counts.invalidBytesReplaced += sl_buffer_repair_utf8(output, tail.start)
        if !keepsLineEnds, tail.escapeOctal() { counts.valuesAltered += 1 }
        if tail.contains(UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "]"), UInt8(ascii: "]")) {
            tail.rewrite(bytesMax: 2) { byte, to in
                // SAFETY: at most two bytes.
                guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "]") else {
                    to[0] = byte
                    return 1
                }
                to[0] = UInt8(ascii: "\\")
                to[1] = byte
                return 2
            }
        }
        sl_buffer_append_byte(output, UInt8(ascii: "\""))
    }

    /// SD-NAME: visible ASCII without `=`, `]` and `"`, at most 32 characters.
    private func appendName(
        _ literal: UnsafePointer<UInt8>, _ count: Int, to output: UnsafeMutablePointer<sl_buffer>, _ counts: inout EncodingCounts
    ) {
        let tail = OutputTail(output)
        // SAFETY: unescaping never makes text longer.
        let to = sl_buffer_reserve(output, count)!
        output.pointee.length += sl_json_unescape(to, literal, count)
        let isAltered = tail.sanitise {
            SyslogRecord.isPrintable($0) && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "]") && $0 != UInt8(ascii: "\"")
        }
        if tail.cut(to: Self.nameBytesMax) || isAltered { counts.valuesAltered += 1 }
        if tail.count == 0 {
            sl_buffer_append_byte(output, UInt8(ascii: "_"))
            counts.valuesAltered += 1
        }
    }
}
