import CSluice
import Testing

@testable import SluiceEvent

/// Events copied to other batches and packed for the disk.
@Suite struct EventCopyTests {
    /// An event with every type of value, every flag, a peer, `meta`, a deleted field and a name that cannot be listed.
    static func fill(_ batch: borrowing EventBatch) -> UnsafeMutablePointer<sl_event> {
        func put(_ text: String) -> sl_span { Array(text.utf8).withUnsafeBytes { batch.append($0) } }
        _ = put("something of another event")
        let raw = put(#"{"message":"héllo","n":1.0}"#)
        let event = sl_event_begin(batch.raw, raw, 77, 1 << 25)!
        func text(_ name: StaticString, _ type: Int, _ flags: Int, _ span: sl_span) {
            _ = sl_event_add_text(batch.raw, FieldKey(name).id, UInt8(type), UInt8(flags), span.offset, span.length)
        }
        text("message", SL_STRING, SL_CLEAN, sl_span(offset: raw.offset + 12, length: 6))
        text("n", SL_NUMBER, 0, sl_span(offset: raw.offset + 24, length: 3))
        text("gone", SL_STRING, 0, put("gone"))
        batch.raw.pointee.slots[Int(batch.raw.pointee.slot_count) - 1].type = UInt8(SL_ABSENT)
        text("empty", SL_STRING, SL_OWNED, put(""))
        text("escaped", SL_STRING, SL_ESCAPED | SL_CLEAN, put(#"a\n\u00e9"#))
        text("odd", SL_STRING, 0, Array([0xFF, 0x00, 0x22]).withUnsafeBytes { batch.append($0) })
        text("object", SL_OBJECT, SL_OWNED, put(#"{"a":[1,{}]}"#))
        text("array", SL_ARRAY, 0, put("[]"))
        for (name, type, value) in [
            ("null", SL_NULL, 0), ("false", SL_FALSE, 0), ("true", SL_TRUE, 0), ("integer", SL_INTEGER, Int64.min),
            ("facility", SL_FACILITY, 23), ("severity", SL_SEVERITY, 7),
        ] as [(StaticString, Int, Int64)] {
            _ = sl_event_add_integer(batch.raw, FieldKey(name).id, UInt8(type), value)
        }
        let float = sl_event_add(batch.raw, FieldKey("float").id)!
        float.pointee.type = UInt8(SL_FLOAT)
        float.pointee.number = -0.0
        _ = sl_event_add_time(batch.raw, FieldKey("timestamp").id, 1_800_000_000_123_456_789, 9 | 0xFFC4 << 8)
        text("index", SL_STRING, SL_META | SL_OWNED, put("logs"))
        text("time", SL_STRING, SL_TIME, put("2026-01-01T00:00:00+01:00"))
        batch.raw.pointee.slots[Int(batch.raw.pointee.slot_count) - 1].detail = 60 << 8
        let name = String(repeating: "long name ", count: 30)
        let place = sl_batch_append_name(batch.raw, name, name.utf8.count)
        let value = put("unlisted")
        let slot = sl_event_add(batch.raw, UInt16(SL_KEY_UNLISTED))!
        slot.pointee.type = UInt8(SL_STRING)
        slot.pointee.text = value
        slot.pointee.detail = place
        event.pointee.peer = sl_batch_append_name(batch.raw, "10.0.0.1:514", 12)
        _ = sl_event_end(batch.raw)
        event.pointee.time_ns = 1_800_000_000_123_456_789
        event.pointee.outputs = 1 << 63 | 5
        event.pointee.source = 3
        event.pointee.rule = 12
        event.pointee.verdict = UInt8(SL_FAILED)
        event.pointee.format = 9
        event.pointee.pristine = 1
        return event
    }

    /// Everything that can be known of an event.
    static func describe(_ event: UnsafePointer<sl_event>, of batch: borrowing EventBatch) -> [String] {
        let record = event.pointee
        var lines = [
            "raw \(Array(batch.bytes(record.raw)))", "peer \(batch.peer(of: event).map { String(decoding: $0, as: UTF8.self) } ?? "-")",
            "time \(record.time_ns) \(record.received_ns) flags \(record.flags) outputs \(record.outputs) source \(record.source)",
            "rule \(record.rule) verdict \(record.verdict) format \(record.format) pristine \(record.pristine)",
        ]
        for index in 0..<Int(record.count) {
            let slot = sl_event_slots(batch.raw, event) + index
            if slot.pointee.type == UInt8(SL_ABSENT) { continue }
            var length = 0
            let name = sl_slot_name(batch.raw, slot, &length)
            let title = String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
            let isText = [SL_STRING, SL_NUMBER, SL_OBJECT, SL_ARRAY].contains(Int(slot.pointee.type))
            let value = isText ? "\(Array(batch.bytes(slot.pointee.text)))" : "\(slot.pointee.integer)"
            let detail = slot.pointee.key == UInt16(SL_KEY_UNLISTED) ? 0 : slot.pointee.detail
            lines.append("\(title) \(slot.pointee.type) \(slot.pointee.flags) \(detail) \(value)")
        }
        return lines
    }

    @Test func `a copy says everything that the event says`() {
        let from = EventBatch()
        let to = EventBatch()
        let event = Self.fill(from)
        let first = to.append(copyOf: event, from: from)!
        #expect(Self.describe(first, of: to) == Self.describe(event, of: from))
        from.clear()
        let second = EventBatch()
        let again = second.append(copyOf: first, from: to)!
        #expect(Self.describe(again, of: second) == Self.describe(to.raw.pointee.events, of: to))
        #expect(second.raw.pointee.first == 0)
    }

    @Test func `the texts of a frame are copied with it and not once more`() {
        let from = EventBatch()
        let to = EventBatch()
        let raw = Array("one two three".utf8).withUnsafeBytes { from.append($0) }
        let event = sl_event_begin(from.raw, raw, 0, 0)!
        _ = sl_event_add_text(from.raw, FieldKey("a").id, UInt8(SL_STRING), 0, raw.offset, raw.length)
        _ = sl_event_end(from.raw)
        to.append(copyOf: event, from: from)
        #expect(to.byteCount == Int(raw.length))
    }

    @Test func `a copy that does not fit changes nothing`() {
        let from = EventBatch()
        let to = EventBatch(bytesMax: 200)
        let event = Self.fill(from)
        #expect(to.append(copyOf: event, from: from) == nil)
        #expect(to.append(packed: from.pack(event)) == nil)
        #expect([to.count, to.byteCount, Int(to.raw.pointee.slot_count), Int(to.raw.pointee.first)] == [0, 0, 0, Int(UInt32.max)])
    }

    @Test func `a packed event comes back with every type and byte`() {
        let from = EventBatch()
        let to = EventBatch()
        let event = Self.fill(from)
        let bytes = from.pack(event)
        _ = Self.fill(to)
        let back = to.append(packed: bytes)!
        #expect(Self.describe(back, of: to) == Self.describe(event, of: from))
        #expect(to.pack(back) == bytes)
        let empty = EventBatch()
        let nothing = sl_event_begin(empty.raw, .empty, 0, 0)!
        _ = sl_event_end(empty.raw)
        let other = EventBatch()
        #expect(Self.describe(other.append(packed: empty.pack(nothing))!, of: other) == Self.describe(nothing, of: empty))
    }

    @Test func `packed bytes that are cut short or too long are refused`() {
        let from = EventBatch()
        let to = EventBatch()
        let bytes = from.pack(Self.fill(from))
        for length in 0..<bytes.count { #expect(to.append(packed: Array(bytes[..<length])) == nil) }
        #expect(to.append(packed: bytes + [0]) == nil)
        #expect([to.count, to.byteCount] == [0, 0])
        #expect(to.append(packed: [2] + bytes.dropFirst()) == nil)
    }

    @Test func `no packed bytes, whatever they are, read past their end`() {
        let from = EventBatch()
        let bytes = from.pack(Self.fill(from))
        let to = EventBatch(bytesMax: 1 << 20)
        var random = SystemRandomNumberGenerator()
        var accepted = 0
        for turn in 0..<20_000 {
            var damaged = bytes
            if turn < bytes.count * 3 {
                damaged[turn / 3] = [0x00, 0xFF, damaged[turn / 3] &+ 1][turn % 3]
            } else {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            to.clear()
            guard let event = to.append(packed: damaged) else { continue }
            accepted += 1
            // What was let in can be read and written again.
            #expect(to.append(packed: to.pack(event)) != nil)
        }
        #expect(accepted > 0)
    }
}
