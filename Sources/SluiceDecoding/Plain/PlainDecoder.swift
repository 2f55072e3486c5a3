internal import CSluice
package import SluiceComponent
package import SluiceEvent

/// Text as it is: one field, `message`.
package struct PlainDecoder: Decoder {
    /// A decoder.
    package init() {}

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        _ = batch.raw.begin(raw: frame.raw, flags: frame.flags, received: received, format: .plain)
        _ = batch.raw.add(UInt16(SL_KEY_MESSAGE), text: frame.text)
        batch.raw.end()
        return .decoded
    }
}
