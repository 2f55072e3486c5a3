internal import CSluice
internal import SluiceEvent

/// Names of columns as keys.
struct CSVColumns {
    /// Ids by position; SL_KEY_UNLISTED where the name is in `names`.
    private var keys: [UInt16] = []
    /// Names by position.
    private var names: [String] = []
    /// Columns that configuration or header names; 0: none does.
    private(set) var count = 0

    init(_ names: [String]) {
        for name in names { append(name) }
        count = names.count
    }

    /// Names from the fields of a header record; an empty one is named by its position.
    init(namedBy event: UnsafeMutablePointer<sl_event>, of batch: UnsafeMutablePointer<sl_batch>) {
        // SAFETY: the slots of the event are texts in the arena.
        for index in 0..<Int(event.pointee.count) {
            let text = batch.pointee.slots[Int(event.pointee.first) + index].text
            let bytes = UnsafeRawBufferPointer(start: batch.pointee.bytes + Int(text.offset), count: Int(text.length))
            append(bytes.isEmpty ? "c\(index + 1)" : String(decoding: bytes, as: UTF8.self))
        }
        count = keys.count
    }

    /// Adds a slot for the column at `index`, named `cN` behind the last one. Nil past the limit of fields.
    @inline(__always)
    mutating func addSlot(_ index: Int, to batch: UnsafeMutablePointer<sl_batch>) -> UnsafeMutablePointer<sl_slot>? {
        while index >= keys.count { append("c\(keys.count + 1)") }
        let key = keys[index]
        guard let slot = sl_event_add(batch, key) else { return nil }
        if key == UInt16(SL_KEY_UNLISTED) { slot.pointee.detail = appendName(index, to: batch) }
        return slot
    }

    private mutating func append(_ name: String) {
        keys.append(FieldKey(text: name)?.id ?? UInt16(SL_KEY_UNLISTED))
        names.append(name)
    }

    @inline(never)
    private func appendName(_ index: Int, to batch: UnsafeMutablePointer<sl_batch>) -> UInt32 {
        var name = names[index]
        return name.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { sl_batch_append_name(batch, $0.baseAddress, $0.count) }
        }
    }
}
