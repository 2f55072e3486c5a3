internal import CSluice
package import SluiceComponent
package import SluiceEvent

/// Lines of the Container Runtime Interface: time, stream, tags and the text.
///
///     2016-10-06T00:17:09.669794202Z stdout P the first part of a long line
///
/// The first tag is `P` (a part, more follows) or `F` (the line ends here). Parts are joined per stream unless that is turned
/// off; what is open at the end of the stream is an event with `partial` true. Tolerant: any other line is `message`.
package struct CRIDecoder: Decoder {
    private let isMerging: Bool
    private let isStrict: Bool
    private var parts: PartialLines

    /// A decoder; a joined message has at most `messageBytesMax` bytes.
    package init(merging isMerging: Bool = true, messageBytesMax: Int = 1 << 20, strict isStrict: Bool = false) {
        self.isMerging = isMerging
        self.isStrict = isStrict
        parts = PartialLines(bytesMax: messageBytesMax, format: .cri)
    }

    package mutating func startStream() { parts.removeAll() }

    package mutating func finish(received: Int64, into batch: borrowing EventBatch) {
        parts.flush(received: received, to: batch.raw)
    }

    package var openFrames: Int { parts.openFrames }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        defer { parts.passFrame() }
        let raw = batch.raw
        _ = raw.begin(raw: frame.raw, flags: frame.flags, received: received, format: .cri)
        var isPartial = false
        if let reason = read(frame, raw, &isPartial) {
            sl_event_cancel(raw)
            if isStrict { return .refused(reason) }
            raw.appendUndecoded(frame, received: received, format: .cri)
            return .decoded
        }
        raw.end()
        if isMerging, isPartial || !parts.isEmpty {
            let event = ContainerEvent(last: raw)
            if !isPartial || !parts.keep(event) { parts.join(event, isLast: !isPartial) }
        }
        return .decoded
    }

    /// Adds the fields of a line; a reason not to take it.
    private func read(
        _ frame: Frame, _ batch: UnsafeMutablePointer<sl_batch>, _ isPartial: inout Bool
    ) -> StaticString? {
        guard frame.text.length > 0 else { return "line is empty" }
        // SAFETY: the frame lies in the arena, and nothing here appends to it.
        let base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        var end = base + frame.end
        if end[-1] == 0x0A { end -= 1 }
        var at = base + frame.start
        let timeEnd = sl_scan_word(at, end, 0x20)!
        guard timeEnd < end, timeEnd[0] == 0x20, let time = TimestampText.parseRFC3339(at, timeEnd - at) else {
            return "no RFC 3339 time at the start of the line"
        }
        at = timeEnd + 1
        let stream = at
        at = sl_scan_word(at, end, 0x20)
        guard at < end, at - stream == 6, stream.begins(with: "stdout") || stream.begins(with: "stderr") else {
            return "stream is neither `stdout` nor `stderr`"
        }
        let tag = at + 1
        let tagsEnd = sl_scan_word(min(tag, end), end, 0x20)!
        guard tagsEnd > tag, tagsEnd - tag == 1 || tag[1] == UInt8(ascii: ":"),
            tag[0] == UInt8(ascii: "P") || tag[0] == UInt8(ascii: "F")
        else { return "first tag is neither `P` nor `F`" }
        if isStrict, tagsEnd == end { return "line ends behind the tags" }
        isPartial = tag[0] == UInt8(ascii: "P")

        _ = sl_event_add_time(batch, UInt16(SL_KEY_TIMESTAMP), time.ns, time.detail)
        _ = batch.add(UInt16(SL_KEY_STREAM), text: sl_span(offset: UInt32(stream - base), length: 6), flags: SL_CLEAN)
        _ = sl_event_add_integer(batch, UInt16(SL_KEY_PARTIAL), UInt8(isPartial ? SL_TRUE : SL_FALSE), 0)
        let message = tagsEnd < end ? tagsEnd + 1 : end
        _ = batch.add(
            UInt16(SL_KEY_MESSAGE), text: sl_span(offset: UInt32(message - base), length: UInt32(end - message)))
        return nil
    }
}
