import CSluice
import Foundation
import SluiceEvent

/// An event of a batch as plain values, for comparison in tests.
struct DecodedEvent {
    enum Value: Equatable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case number(Double)
        case bytes([UInt8])
        /// Nanoseconds since 1970, and digits and offset as the slot keeps them.
        case time(Int64, UInt32)
        /// JSON text of an object, an array or a number.
        case json(String)
        /// JSON string with escapes in it.
        case escaped([UInt8])
    }

    /// In order; a name may be there twice.
    var fields: [(name: String, value: Value)] = []
    var raw: [UInt8] = []
    var flags: EventFlags = []
    var format = FormatName.plain

    /// The last field of that name.
    subscript(name: String) -> Value? { fields.last { $0.name == name }?.value }

    /// The names of ``flags``.
    var flagNames: [String] {
        EventFlags.names.indices.filter { flags.rawValue & 1 << UInt64($0) != 0 }.map { "\(EventFlags.names[$0])" }
    }

    /// All events of a batch in order.
    static func all(of batch: borrowing EventBatch) -> [DecodedEvent] {
        var events: [DecodedEvent] = []
        let raw = batch.raw
        var index = raw.pointee.first
        while index != UInt32.max {
            let record = raw.pointee.events[Int(index)]
            events.append(DecodedEvent(record, raw))
            index = record.next
        }
        return events
    }

    private init(_ record: sl_event, _ batch: UnsafeMutablePointer<sl_batch>) {
        func bytes(_ span: sl_span) -> [UInt8] {
            precondition(
                UInt64(span.offset) + UInt64(span.length) <= batch.pointee.length || span.length == 0,
                "a span lies outside of the arena")
            return (0..<Int(span.length)).map { batch.pointee.bytes[Int(span.offset) + $0] }
        }
        raw = bytes(record.raw)
        flags = EventFlags(rawValue: record.flags)
        format = FormatName(rawValue: record.format) ?? .plain
        for position in 0..<Int(record.count) {
            let slot = batch.pointee.slots[Int(record.first) + position]
            var length = 0
            let text = withUnsafePointer(to: slot) { sl_slot_name(batch, $0, &length) }
            let name = String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
            switch Int(slot.type) {
            case Int(SL_NULL): fields.append((name, .null))
            case Int(SL_FALSE), Int(SL_TRUE): fields.append((name, .boolean(Int(slot.type) == Int(SL_TRUE))))
            case Int(SL_INTEGER), Int(SL_FACILITY), Int(SL_SEVERITY): fields.append((name, .integer(slot.integer)))
            case Int(SL_FLOAT): fields.append((name, .number(slot.number)))
            case Int(SL_STRING):
                let value = bytes(slot.text)
                fields.append((name, Int(slot.flags) & Int(SL_ESCAPED) != 0 ? .escaped(value) : .bytes(value)))
            case Int(SL_TIMESTAMP): fields.append((name, .time(slot.integer, slot.detail)))
            case Int(SL_ABSENT): break
            default: fields.append((name, .json(String(decoding: bytes(slot.text), as: UTF8.self))))
            }
        }
    }
}
