import CSluice
import SluiceEncoding
import SluiceEvent
import SluiceInputs
import Testing

@Suite struct PackedRecordsTests {
    private func unpack(
        _ payload: [UInt8], eventsMax: Int = 1_000, peer: String? = nil, to batch: borrowing EventBatch
    ) -> PackedRecords.Outcome {
        payload.withUnsafeBytes { PackedRecords().append($0, eventsMax: eventsMax, peer: peer, to: batch) }
    }

    /// A batch with one event of all kinds of values, set by a rule too.
    private func rich() -> EventBatch {
        let batch = EventBatch()
        let raw = Array(#"{"a": [1,{"b":"é"}],"n":1.50}"#.utf8).withUnsafeBytes { batch.append($0) }
        let event = sl_event_begin(batch.raw, raw, 77, EventFlags.noPri.rawValue)!
        func key(_ name: String) -> UInt16 { name.withCString { sl_key_intern($0, name.utf8.count) } }
        _ = sl_event_add_text(batch.raw, key("a"), UInt8(SL_ARRAY), 0, raw.offset + 6, 14)
        _ = sl_event_add_text(batch.raw, key("n"), UInt8(SL_NUMBER), 0, raw.offset + 25, 4)
        _ = sl_event_add_integer(batch.raw, key("i"), UInt8(SL_INTEGER), -9_007_199_254_740_993)
        _ = sl_event_add_integer(batch.raw, key("null"), UInt8(SL_NULL), 0)
        _ = sl_event_add_integer(batch.raw, UInt16(SL_KEY_SEVERITY), UInt8(SL_SEVERITY), 3)
        _ = sl_event_add_time(batch.raw, UInt16(SL_KEY_TIMESTAMP), 1_767_998_000_000_000_001, 9)
        let text = Array("index-7".utf8).withUnsafeBytes { batch.append($0) }
        _ = sl_event_add_text(batch.raw, key("index"), UInt8(SL_STRING), UInt8(SL_META | SL_OWNED), text.offset, text.length)
        _ = sl_event_end(batch.raw)
        event.pointee.peer = sl_batch_append_name(batch.raw, "192.0.2.7", 9)
        event.pointee.pristine = 1
        event.pointee.format = FormatName.json.rawValue
        event.pointee.verdict = UInt8(SL_ROUTED)
        event.pointee.outputs = 0b101
        event.pointee.rule = 4
        return batch
    }

    private func peer(_ event: UnsafePointer<sl_event>, _ batch: borrowing EventBatch) -> String? {
        var length = 0
        guard let text = sl_event_peer(batch.raw, event, &length) else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }

    @Test func `an event arrives with everything that is its own, and nothing that was its process's`() {
        let source = rich()
        let batch = EventBatch()
        let outcome = unpack(packed(source, input: "nginx"), peer: "198.51.100.1", to: batch)
        #expect(outcome == PackedRecords.Outcome(events: 1))
        #expect(
            json(batch) == [
                #"{"a":[1,{"b":"é"}],"n":1.50,"i":-9007199254740993,"null":null,"severity":"err","timestamp":"2026-01-09T22:33:20.000000001Z"}"#
            ])
        let event = batch.raw.pointee.events!
        #expect(event.pointee.received_ns == 77 && event.pointee.time_ns == 1_767_998_000_000_000_001)
        #expect(event.pointee.flags == EventFlags.noPri.rawValue && event.pointee.format == FormatName.json.rawValue)
        #expect(event.pointee.raw.length == 30 && event.pointee.pristine == 0)
        #expect(event.pointee.verdict == UInt8(SL_PENDING) && event.pointee.outputs == 0 && event.pointee.rule == 0)
        #expect(event.pointee.source == 0)
        #expect(peer(event, batch) == "192.0.2.7")
        #expect(TestSession.field("@index", event, batch) == "index-7")
        #expect(TestSession.field("@origin", event, batch) == "nginx")
    }

    @Test func `the first input's name stays over several hops, and a missing peer is the sender`() {
        let batch = EventBatch()
        _ = unpack(packed(messages: ["one"]), peer: "198.51.100.1", to: batch)
        #expect(peer(batch.raw.pointee.events!, batch) == "198.51.100.1")
        let second = EventBatch()
        _ = unpack(packed(batch, input: "relay"), peer: "203.0.113.9", to: second)
        #expect(TestSession.field("@origin", second.raw.pointee.events!, second) == "web")
        #expect(peer(second.raw.pointee.events!, second) == "198.51.100.1")
    }

    @Test func `an event that no input took in has no origin`() {
        let source = batch(messages: ["timer"])
        source.raw.pointee.events.pointee.source = .max
        let batch = EventBatch()
        _ = unpack(packed(source), to: batch)
        #expect(TestSession.field("@origin", batch.raw.pointee.events!, batch) == "")
        #expect(batch.raw.pointee.events!.pointee.count == 1)
    }

    @Test func `values that only look like JSON become text`() {
        for (type, text, expected) in [
            (SL_OBJECT, "{x}", #"{"v":"{x}"}"#), (SL_ARRAY, "[1,]", #"{"v":"[1,]"}"#), (SL_NUMBER, "1-.e", #"{"v":"1-.e"}"#),
            (SL_NUMBER, "01", #"{"v":"01"}"#), (SL_OBJECT, #"{"a":1} "}"#, #"{"v":"{\"a\":1} \"}"}"#),
            (SL_OBJECT, #"{"a":1}"#, #"{"v":{"a":1}}"#),
        ] {
            let source = EventBatch()
            let place = Array(text.utf8).withUnsafeBytes { source.append($0) }
            _ = sl_event_begin(source.raw, .empty, 0, 0)
            _ = sl_event_add_text(source.raw, "v".withCString { sl_key_intern($0, 1) }, UInt8(type), 0, place.offset, place.length)
            _ = sl_event_end(source.raw)
            let batch = EventBatch()
            #expect(unpack(packed(source), to: batch).events == 1)
            #expect(json(batch) == [expected])
        }
    }

    @Test func `flags that are not known here are left out, and a format that is not is plain`() {
        let source = batch(messages: ["x"])
        source.raw.pointee.events.pointee.flags = .max
        var bytes = packed(source)
        // The format's name stands behind the input's: length, `web`, length, `plain`.
        #expect(Array(bytes[8...13]) == [5] + Array("plain".utf8))
        bytes[9] = UInt8(ascii: "q")
        let batch = EventBatch()
        _ = unpack(bytes, to: batch)
        #expect(batch.raw.pointee.events.pointee.flags == UInt64(1) << UInt64(EventFlags.names.count) - 1)
        #expect(batch.raw.pointee.events.pointee.format == FormatName.plain.rawValue)
    }

    @Test func `records that are no events are named, and the others are taken`() {
        let good = packed(messages: ["one", "two"])
        let bad: [UInt8] = [5, 0, 0, 0, 1, 2, 3, 4, 5]
        let batch = EventBatch()
        let outcome = unpack(bad + good + bad + [9, 9], to: batch)
        #expect(outcome.events == 2 && outcome.rest == 2)
        #expect(outcome.refused == [4..<9, good.count + 13..<good.count + 18])
        let limited = EventBatch()
        #expect(unpack(good, eventsMax: 1, to: limited).rest > 0 && limited.count == 1)
        #expect(unpack([], to: limited) == PackedRecords.Outcome())
    }

    @Test func `any bytes are safe, and what comes out is valid JSON`() {
        let whole = packed(rich(), input: "nginx") + packed(messages: ["one", "two\"\\"])
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.remove(at: at)
                case 1: bytes.insert(.random(in: 0...255, using: &generator), at: at)
                case 2: bytes[at] = .random(in: 0...255, using: &generator)
                default: bytes.removeSubrange(at...)
                }
                if bytes.isEmpty { break }
            }
            let batch = EventBatch()
            let outcome = unpack(bytes, peer: "x", to: batch)
            #expect(outcome.events == batch.count)
            for line in json(batch) { #expect(JSONCheck.isValid(line), "\(line)") }
        }
    }
}

/// Whether a text is one JSON value.
enum JSONCheck {
    static func isValid(_ text: String) -> Bool {
        var bytes = Array(text.utf8)
        let count = bytes.count
        bytes += [UInt8](repeating: 0, count: Int(SL_PADDING))
        return bytes.withUnsafeBufferPointer { bytes in
            var found: UInt32 = 0
            let start = bytes.baseAddress!
            return sl_scan_nested(start, start + count, 512, &found) == start + count
                && found & UInt32(SL_SCAN_FAILED | SL_SCAN_CONTROL) == 0
        }
    }
}
