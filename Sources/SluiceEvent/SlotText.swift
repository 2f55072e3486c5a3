package import CSluice

/// Values of fields as text, for every place that is not JSON: templates, columns, headers, file names.
///
/// Strings are their bytes (JSON escapes undone), numbers their text as it came, times RFC 3339, facility and severity their
/// keywords, booleans `true` and `false`, null nothing, nested values their JSON text.
package enum SlotText {
    /// Appends a slot's value.
    package static func append(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        // SAFETY: spans of slots lie in their batch's arena; all reserves below name what is written.
        switch Int(slot.pointee.type) {
        case SL_STRING, SL_NUMBER, SL_OBJECT, SL_ARRAY:
            let text = slot.pointee.text
            guard text.length > 0, let base = batch.pointee.bytes else { return }
            let bytes = UnsafePointer(base + Int(text.offset))
            if slot.pointee.flags & UInt8(SL_ESCAPED) != 0 {
                let to = sl_buffer_reserve(output, Int(text.length))!
                output.pointee.length += sl_json_unescape(to, bytes, Int(text.length))
            } else {
                sl_buffer_append(output, bytes, Int(text.length))
            }
        case SL_TIMESTAMP:
            let to = sl_buffer_reserve(output, TimestampText.bytesMax)!
            output.pointee.length += TimestampText.print(ns: slot.pointee.integer, detail: slot.pointee.detail, to: to)
        case SL_INTEGER: appendInteger(slot.pointee.integer, to: output)
        case SL_FLOAT:
            let to = sl_buffer_reserve(output, 32)!
            to.withMemoryRebound(to: CChar.self, capacity: 32) {
                output.pointee.length += sl_print_double($0, slot.pointee.number)
            }
        case SL_FACILITY: append(sl_facility_keyword(slot.pointee.integer), or: slot.pointee.integer, to: output)
        case SL_SEVERITY: append(sl_severity_keyword(slot.pointee.integer), or: slot.pointee.integer, to: output)
        case SL_TRUE: append("true", to: output)
        case SL_FALSE: append("false", to: output)
        default: break
        }
    }

    /// Appends the text of a JSON value: strings unescaped and without quotes, null nothing, all else as it stands.
    package static func append(json bytes: UnsafePointer<UInt8>, count: Int, to output: UnsafeMutablePointer<sl_buffer>) {
        // SAFETY: `count` bytes from `bytes` on are readable; unescaping never makes text longer.
        switch count > 0 ? sl_json_kind_of(bytes[0]) : SL_JSON_NONE {
        case SL_JSON_NULL, SL_JSON_NONE: break
        case SL_JSON_STRING:
            let to = sl_buffer_reserve(output, count)!
            output.pointee.length += sl_json_unescape(to, bytes + 1, max(0, count - 2))
        default: sl_buffer_append(output, bytes, count)
        }
    }

    /// Appends decimal digits.
    package static func appendInteger(_ value: Int64, to output: UnsafeMutablePointer<sl_buffer>) {
        // SAFETY: 20 bytes are the longest integer.
        let to = sl_buffer_reserve(output, 20)!
        to.withMemoryRebound(to: CChar.self, capacity: 20) { output.pointee.length += sl_print_integer($0, value) }
    }

    /// Appends constant text.
    package static func append(_ text: StaticString, to output: UnsafeMutablePointer<sl_buffer>) {
        // SAFETY: static text lives for ever.
        sl_buffer_append(output, text.utf8Start, text.utf8CodeUnitCount)
    }

    private static func append(
        _ keyword: UnsafePointer<sl_keyword>?, or code: Int64, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        guard let keyword else { return appendInteger(code, to: output) }
        // SAFETY: the keyword lies between the quotes of its JSON.
        sl_buffer_append(output, UnsafeRawPointer(keyword) + 1, Int(keyword.pointee.json_length) - 2)
    }
}
