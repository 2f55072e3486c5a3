import CSluice
import SluiceComponent
import SluiceEvent

/// Events from a line each: `NAME TYPE VALUE`, with `\n \r \t \\ \xNN` in names and values.
///
/// Types are those of slots: string, escaped, object, array, number, integer, float, true, false, null, time, timetext (text that
/// reads as a time), facility, severity, and `meta`. Lines `raw`, `received` and `peer` set what belongs to the event itself;
/// `event` begins the next one.
struct EventFixture: ~Copyable {
    let batch = EventBatch()

    init(_ text: String) {
        batch.reserve(1 << 16)
        var isOpen = false
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map { Self.unescaped($0) }
            if line == "event" {
                if isOpen { end() }
                isOpen = true
                _ = sl_event_begin(batch.raw, .empty, 1_791_585_200_000_000_000, 0)
            } else {
                precondition(isOpen, "a field before `event`")
                add(parts[0], String(decoding: parts[1], as: UTF8.self), parts.count > 2 ? parts[2] : [])
            }
        }
        if isOpen { end() }
    }

    private func end() {
        precondition(sl_event_end(batch.raw))
        sl_event_open(batch.raw).pointee.outputs = 1
    }

    private func add(_ name: [UInt8], _ type: String, _ value: [UInt8]) {
        let text = String(decoding: value, as: UTF8.self)
        switch (String(decoding: name, as: UTF8.self), type) {
        case ("raw", "is"): sl_event_open(batch.raw).pointee.raw = append(value)
        case ("pristine", "is"): sl_event_open(batch.raw).pointee.pristine = 1
        case ("peer", "is"):
            let count = UInt32(value.count)
            let span = withUnsafeBytes(of: count) { batch.append($0) }
            _ = append(value)
            sl_event_open(batch.raw).pointee.peer = span.offset
        case ("flags", "is"): sl_event_open(batch.raw).pointee.flags = UInt64(text)!
        case ("format", "is"): sl_event_open(batch.raw).pointee.format = UInt8(text)!
        default: addField(name, type, value, text)
        }
    }

    private func addField(_ name: [UInt8], _ type: String, _ value: [UInt8], _ text: String) {
        let slot = sl_event_add(batch.raw, 0)!
        slot.pointee.key = name.withUnsafeBytes {
            sl_key_intern($0.bindMemory(to: CChar.self).baseAddress ?? UnsafePointer(bitPattern: 1)!, $0.count)
        }
        slot.pointee.flags = 0
        slot.pointee.integer = 0
        switch type {
        case "string", "object", "array", "number", "escaped", "meta", "timetext", "clean":
            let types = ["object": SL_OBJECT, "array": SL_ARRAY, "number": SL_NUMBER]
            let flags = ["escaped": SL_ESCAPED, "meta": SL_META, "timetext": SL_TIME, "clean": SL_CLEAN]
            slot.pointee.type = UInt8(types[type] ?? SL_STRING)
            slot.pointee.flags = UInt8(flags[type] ?? 0)
            slot.pointee.text = append(value)
        case "integer":
            slot.pointee.type = UInt8(SL_INTEGER)
            slot.pointee.integer = Int64(text)!
        case "float":
            slot.pointee.type = UInt8(SL_FLOAT)
            slot.pointee.number = Double(text)!
        case "facility", "severity":
            slot.pointee.type = UInt8(type == "facility" ? SL_FACILITY : SL_SEVERITY)
            slot.pointee.integer = Int64(text)!
        case "time": break
        case "true": slot.pointee.type = UInt8(SL_TRUE)
        case "false": slot.pointee.type = UInt8(SL_FALSE)
        case "deleted": slot.pointee.type = UInt8(SL_ABSENT)
        default: slot.pointee.type = UInt8(SL_NULL)
        }
        if type == "time" || type == "timetext" {
            let time = value.withUnsafeBufferPointer { TimestampText.parseRFC3339($0.baseAddress!, $0.count)! }
            if type == "time" {
                slot.pointee.type = UInt8(SL_TIMESTAMP)
                slot.pointee.integer = time.ns
            }
            slot.pointee.detail = time.detail
            sl_event_open(batch.raw).pointee.time_ns = time.ns
        }
        if slot.pointee.key == UInt16(SL_KEY_UNLISTED) {
            slot.pointee.detail = name.withUnsafeBytes {
                sl_batch_append_name(batch.raw, $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
            }
        }
    }

    private func append(_ bytes: [UInt8]) -> sl_span { bytes.withUnsafeBytes { batch.append($0) } }

    private static func unescaped(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let code = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch code {
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "x"):
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)!)
                rest = rest.dropFirst(2)
            default: bytes.append(code)
            }
        }
        return bytes
    }

    /// What an encoder makes of all events.
    func encoded(by encoder: inout any Encoder) -> [UInt8] {
        var output = sl_buffer()
        defer { sl_buffer_destroy(&output) }
        _ = encoder.encode(batch: batch.raw, bit: 1, to: &output)
        return Array(UnsafeBufferPointer(start: output.bytes, count: output.length))
    }
}
