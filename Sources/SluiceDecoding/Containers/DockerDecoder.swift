internal import CSluice
package import SluiceComponent
package import SluiceEvent

/// Lines of Docker's `json-file` driver: objects with `log`, `stream`, `time` and perhaps `attrs`.
///
/// `log` is `message` without the LF at its end, `time` is `timestamp`, everything else keeps its name. A `log` without LF is a
/// part of a longer line; parts are joined per stream unless that is turned off. Tolerant: an object without `log`, and any
/// other text, is `message`; a `time` that is none stays text.
package struct DockerDecoder: Decoder {
    private let json: JSONEventDecoder
    private let isMerging: Bool
    private let isStrict: Bool
    private var parts: PartialLines
    private let logKey = FieldKey("log").id
    private let timeKey = FieldKey("time").id

    /// A decoder; a joined message has at most `messageBytesMax` bytes.
    package init(merging isMerging: Bool = true, messageBytesMax: Int = 1 << 20, strict isStrict: Bool = false) {
        var options = JSONEventDecoder.Options()
        options.timeField = "time"
        json = JSONEventDecoder(options, strict: isStrict, format: .docker)
        self.isMerging = isMerging
        self.isStrict = isStrict
        parts = PartialLines(bytesMax: messageBytesMax, format: .docker)
    }

    package mutating func startStream() { parts.removeAll() }

    package mutating func finish(received: Int64, into batch: borrowing EventBatch) {
        parts.flush(received: received, to: batch.raw)
    }

    package var openFrames: Int { parts.openFrames }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        defer { parts.passFrame() }
        let raw = batch.raw
        var fault = json.appendObject(frame, from: frame.start, received: received, to: raw).reasonOrNil
        var isPartial = false
        if fault == nil {
            fault = rename(raw, &isPartial)
            if fault != nil { sl_event_cancel(raw) }
        }
        if let fault {
            if isStrict { return .refused(fault) }
            raw.appendUndecoded(frame, received: received, format: .docker)
            return .decoded
        }
        if isMerging, isPartial || !parts.isEmpty {
            let event = ContainerEvent(last: raw)
            if !isPartial || !parts.keep(event) { parts.join(event, isLast: !isPartial) }
        }
        return .decoded
    }

    /// Makes the fields of a line out of the object's; a reason not to take it.
    private func rename(_ batch: UnsafeMutablePointer<sl_batch>, _ isPartial: inout Bool) -> StaticString? {
        let event = sl_event_open(batch)!
        let string = UInt8(SL_STRING)
        guard let log = sl_event_find(batch, event, logKey), log.pointee.type == string else { return "no text `log`" }
        let stream = sl_event_find(batch, event, UInt16(SL_KEY_STREAM))
        let time = sl_event_find(batch, event, timeKey)
        let hasTime = time.map { $0.pointee.flags & UInt8(SL_TIME) != 0 } ?? false
        if isStrict {
            if stream?.pointee.type != string { return "no text `stream`" }
            if !hasTime { return "no RFC 3339 time in `time`" }
        }
        event.pointee.pristine = 0
        isPartial = !takeLineEnd(log, batch)
        log.pointee.key = UInt16(SL_KEY_MESSAGE)
        if let time {
            time.pointee.key = UInt16(SL_KEY_TIMESTAMP)
            if hasTime {
                time.pointee.type = UInt8(SL_TIMESTAMP)
                time.pointee.flags = 0
                time.pointee.integer = event.pointee.time_ns
            }
        }
        if !hasTime { event.pointee.flags |= EventFlags.noTimestamp.rawValue }
        // One of the spare slots behind the event's last field.
        let partial = batch.pointee.slots + Int(event.pointee.first) + Int(event.pointee.count)
        partial.pointee = sl_slot()
        partial.pointee.key = UInt16(SL_KEY_PARTIAL)
        partial.pointee.type = UInt8(isPartial ? SL_TRUE : SL_FALSE)
        event.pointee.count += 1
        return nil
    }

    /// Takes the escape `\n` off the end of a text; false when there is none.
    private func takeLineEnd(_ slot: UnsafeMutablePointer<sl_slot>, _ batch: UnsafeMutablePointer<sl_batch>) -> Bool {
        let text = slot.pointee.text
        guard text.length > 0 else { return false }
        // SAFETY: the text lies in the arena.
        let bytes = UnsafePointer<UInt8>(batch.pointee.bytes!) + Int(text.offset)
        let count = Int(text.length)
        // A raw LF, which JSON forbids, is as good.
        if bytes[count - 1] == 0x0A {
            slot.pointee.text.length -= 1
            return true
        }
        let backslash = UInt8(ascii: "\\")
        guard slot.pointee.flags & UInt8(SL_ESCAPED) != 0, count >= 2, bytes[count - 1] == UInt8(ascii: "n"),
            bytes[count - 2] == backslash
        else { return false }
        // An even run of backslashes is text that ends in one and an `n`.
        var run = 0
        while run < count - 1, bytes[count - 2 - run] == backslash { run += 1 }
        guard run % 2 == 1 else { return false }
        slot.pointee.text.length -= 2
        let rest = bytes + count - 2
        if sl_scan_any(bytes, rest, backslash, backslash, backslash, backslash) == rest {
            slot.pointee.flags &= ~UInt8(SL_ESCAPED)
        }
        return true
    }
}
