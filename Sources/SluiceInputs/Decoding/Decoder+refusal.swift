import SluiceComponent
import SluiceEvent

extension Decoder {
    /// Decodes frames; what is refused in strict mode is handed to the session, and the next frame is gone on with.
    mutating func decode(
        _ frames: UnsafeBufferPointer<Frame>, received: Int64, into batch: borrowing EventBatch, of setting: DecodingSetting,
        session: any InputSession
    ) {
        var rest = frames
        while rest.count > 0 {
            let (decoded, refusal) = decode(rest, received: received, into: batch)
            guard let refusal else { return }
            session.refuse(
                batch.bytes(rest[decoded].raw), reason: "frame refused by `\(setting.formatName)` in strict mode: \(refusal)")
            rest = UnsafeBufferPointer(rebasing: rest[(decoded + 1)...])
        }
    }
}
