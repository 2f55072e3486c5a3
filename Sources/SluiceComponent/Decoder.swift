package import SluiceEvent

/// What a decoder says about one frame.
package enum DecodingOutcome {
    /// At least one event was appended, or the frame was taken in for a later event (a part of a longer line, a CSV header).
    case decoded
    /// Strict mode: the frame breaks the standard; nothing was appended. The reason names what and where in one sentence.
    case refused(StaticString)
}

/// Turns frames into events.
///
/// A decoder is a value that belongs to one stream. In tolerant mode every frame becomes an event: what could not be
/// understood is its `message`, and `flags` name the repairs; the outcome is always `.decoded`. In strict mode a frame that
/// breaks the standard is refused and leaves the batch as it was.
///
/// Decoders append with the inline functions of `sluice_event.h`: `sl_event_begin(batch.raw, frame.raw, received,
/// frame.flags.rawValue)`, `sl_event_add_text/integer/time`, `sl_event_end`; they set `format`. Text that needs no change
/// is an offset into the frame itself. Before taking a pointer into the arena a decoder reserves what it may append
/// (`batch.reserve`), because growing moves the arena. No heap allocation per frame.
package protocol Decoder {
    /// Decodes one frame received at `received` (nanoseconds since 1970 UTC; also "now" for the RFC 3164 year).
    mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome

    /// A new file or connection begins: per-stream state (a CSV header, open parts) starts anew. Open parts of the old
    /// stream were flushed by ``finish(received:into:)`` before.
    mutating func startStream()

    /// The stream ended: open parts become events.
    mutating func finish(received: Int64, into batch: borrowing EventBatch)

    /// How many of the last frames a stream that is left now and taken up later must begin at: back to the oldest part of a record
    /// that is kept back. 0 when nothing is.
    var openFrames: Int { get }

    /// Whether the first record of a stream says how the others are read, so that a stream that is taken up in its middle needs it.
    var readsHeader: Bool { get }

    /// Decodes frames until one is refused; answers how many were decoded and the reason of a refusal. One dynamic call per
    /// batch instead of one per frame; the default is right for every decoder.
    mutating func decode(
        _ frames: UnsafeBufferPointer<Frame>, received: Int64, into batch: borrowing EventBatch
    ) -> (decoded: Int, refusal: StaticString?)
}

extension Decoder {
    /// Nothing to start anew.
    @inlinable
    package mutating func startStream() {}

    /// Nothing kept back.
    @inlinable
    package mutating func finish(received: Int64, into batch: borrowing EventBatch) {}

    /// Nothing kept back.
    @inlinable
    package var openFrames: Int { 0 }

    /// Every record stands for itself.
    @inlinable
    package var readsHeader: Bool { false }

    /// Frame by frame.
    @inlinable
    package mutating func decode(
        _ frames: UnsafeBufferPointer<Frame>, received: Int64, into batch: borrowing EventBatch
    ) -> (decoded: Int, refusal: StaticString?) {
        for index in 0..<frames.count {
            if case .refused(let reason) = decode(frames[index], received: received, into: batch) {
                return (index, reason)
            }
        }
        return (frames.count, nil)
    }
}
