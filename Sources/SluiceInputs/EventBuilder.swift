import CSluice
import Glibc
import SluiceComponent
import SluiceEvent

/// Builds one event of a batch field by field, for inputs whose records are no text that a decoder reads.
struct EventBuilder {
    private let batch: UnsafeMutablePointer<sl_batch>

    /// Begins an event whose original bytes are `raw`.
    init(
        _ events: borrowing EventBatch, _ format: FormatName, raw: UnsafeRawBufferPointer, received: Int64, flags: EventFlags = .none
    ) {
        batch = events.raw
        let span = events.append(raw)
        guard let event = sl_event_begin(batch, span, received, flags.rawValue) else { preconditionFailure("out of memory for events") }
        event.pointee.format = format.rawValue
    }

    /// A text field.
    func add(_ key: UInt16, _ text: UnsafeRawBufferPointer) {
        let offset = sl_batch_append(batch, text.baseAddress ?? UnsafeRawPointer(batch), text.count)
        precondition(offset != UInt32.max, "out of memory for the text of a field")
        check(sl_event_add_text(batch, key, UInt8(SL_STRING), 0, offset, UInt32(text.count)))
    }

    /// A text field.
    func add(_ key: UInt16, _ text: some Collection<UInt8>) {
        let isDone: Void? = text.withContiguousStorageIfAvailable { add(key, UnsafeRawBufferPointer($0)) }
        if isDone == nil { Array(text).withUnsafeBytes { add(key, $0) } }
    }

    /// A text field whose name comes from data; one that cannot be listed is kept in the event.
    func add(named name: UnsafeRawBufferPointer, _ text: some Collection<UInt8>) {
        guard !name.isEmpty else { return }
        let start = name.assumingMemoryBound(to: CChar.self).baseAddress!
        let key = sl_key_intern(start, name.count)
        add(key, text)
        guard key == UInt16(SL_KEY_UNLISTED) else { return }
        let detail = sl_batch_append_name(batch, start, name.count)
        precondition(detail != UInt32.max, "out of memory for the name of a field")
        let event = sl_event_open(batch)!
        batch.pointee.slots[Int(event.pointee.first) + Int(event.pointee.count) - 1].detail = detail
    }

    /// A number.
    func add(_ key: UInt16, integer: Int64) { check(sl_event_add_integer(batch, key, UInt8(SL_INTEGER), integer)) }

    /// Facility 0...23 and severity 0...7 as keywords.
    func add(facility: Int64?, severity: Int64) {
        if let facility { check(sl_event_add_integer(batch, UInt16(SL_KEY_FACILITY), UInt8(SL_FACILITY), facility)) }
        check(sl_event_add_integer(batch, UInt16(SL_KEY_SEVERITY), UInt8(SL_SEVERITY), severity))
    }

    /// The event's time, nanoseconds since 1970 UTC, with so many digits of the second.
    func add(time: Int64, digits: UInt32) { check(sl_event_add_time(batch, UInt16(SL_KEY_TIMESTAMP), time, digits)) }

    /// The event is whole.
    func end() { check(sl_event_end(batch)) }

    private func check(_ isDone: Bool) {
        if !isDone { preconditionFailure("out of memory for the fields of an event") }
    }
}

/// This machine's name, as its messages bear it.
enum MachineName {
    static var bytes: [UInt8] {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return [] }
        return name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    }
}
