package import CSluice
package import SluiceComponent
import SluiceEvent

/// The original bytes of each event, whatever rules did to its fields; of an event without them, its `message`.
///
/// A line end follows each record; line ends inside (of joined lines) stay as they were.
package struct RawEncoder: Encoder {
    /// Name in configuration.
    package static let kind = "raw"

    package private(set) var counts = EncodingCounts()

    /// An encoder.
    package init() {}

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let raw = event.pointee.raw
        // SAFETY: the raw bytes lie in the batch's arena.
        if raw.length > 0, let base = batch.pointee.bytes {
            sl_buffer_append(output, base + Int(raw.offset), Int(raw.length))
        } else if let slot = sl_event_find(batch, event, UInt16(SL_KEY_MESSAGE)) {
            SlotText.append(slot, of: batch, to: output)
        }
        sl_buffer_append_byte(output, 0x0A)
    }
}
