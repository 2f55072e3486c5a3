import CSluice

/// A field's name as a small number, from the process-wide table (16,384 names; further names live in their event).
package struct FieldKey: Sendable, Hashable {
    /// Index in the table.
    package let id: UInt16

    /// The key of a name that is known at compile time; these are listed on first use.
    package init(_ name: StaticString) {
        id = name.withUTF8Buffer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { sl_key_intern($0.baseAddress!, $0.count) }
        }
        precondition(id != UInt16(SL_KEY_UNLISTED), "the table of field names is full before start-up")
    }

    /// The id of a name that configuration or data gives, or nil when the table is full.
    package init?(text: String) {
        var text = text
        id = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.isEmpty ? sl_key_intern("", 0) : sl_key_intern($0.baseAddress!, $0.count) }
        }
        if id == UInt16(SL_KEY_UNLISTED) { return nil }
    }

    /// The name.
    package var name: String {
        let key = sl_key_at(id)!.pointee
        return String(
            decoding: UnsafeRawBufferPointer(start: key.text, count: Int(key.length)), as: UTF8.self)
    }
}
