import CSluice
import Testing

@testable import SluiceEvent

@Suite struct EventBatchTests {
    @Test func `every flag has a name`() {
        #expect(EventFlags.leapSecond.rawValue == 1 << UInt64(EventFlags.names.count - 1))
    }

    @Test func `an event is not pristine unless its decoder says so`() {
        let batch = EventBatch()
        let event = sl_event_begin(batch.raw, .empty, 0, 0)!
        event.pointee.format = FormatName.json.rawValue
        #expect(event.pointee.pristine == 0)
        event.pointee.pristine = 1
        #expect(event.pointee.format == FormatName.json.rawValue)
        #expect(event.pointee.pristine == 1)
    }

    @Test func `the flag that C knows is the one that Swift sets`() {
        #expect(EventFlags.duplicateKey.rawValue == SL_FLAG_DUPLICATE_KEY)
    }

    @Test func `a field can be found by its key and the last of two wins`() {
        let batch = EventBatch()
        batch.reserve(64)
        let text = Array("onetwo".utf8).withUnsafeBytes { batch.append($0) }
        _ = sl_event_begin(batch.raw, text, 5, 0)
        #expect(sl_event_add_text(batch.raw, FieldKey("a").id, UInt8(SL_STRING), 0, text.offset, 3))
        #expect(sl_event_add_text(batch.raw, FieldKey("a").id, UInt8(SL_STRING), 0, text.offset + 3, 3))
        #expect(sl_event_end(batch.raw))
        let event = batch.raw.pointee.events[0]
        let slot = withUnsafePointer(to: event) { sl_event_find(batch.raw, $0, FieldKey("a").id) }
        #expect(slot.map { Array(batch.bytes($0.pointee.text)) } == Array("two".utf8))
        #expect(event.capacity == 5)
    }

    @Test func `numbers print and parse without loss`() {
        var text = [CChar](repeating: 0, count: 40)
        for value in [1.0, 0.1, 1e300, -0.0, .leastNonzeroMagnitude, 123456789.125] {
            let length = sl_print_double(&text, value)
            var integer: Int64 = 0
            var number = 0.0
            #expect(sl_parse_number(text, length, &integer, &number) == 0)
            #expect(number.bitPattern == value.bitPattern)
        }
    }
}
