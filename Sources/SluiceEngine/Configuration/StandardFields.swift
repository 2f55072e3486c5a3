import CSluice
import SluiceEvent

/// Names that events have without a rule's doing: those of syslog and of the formats with fixed fields.
enum StandardFields {
    static let names: Set<String> = {
        // Listing one name makes sure that the table is there; the built-in names come first in it.
        _ = FieldKey("message")
        return Set(
            (0..<UInt16(SL_KEY_BUILT_IN_COUNT)).compactMap { id in
                // SAFETY: names of listed ids stay valid for ever.
                sl_key_at(id).map {
                    String(decoding: UnsafeRawBufferPointer(start: $0.pointee.text, count: Int($0.pointee.length)), as: UTF8.self)
                }
            })
    }()
}
