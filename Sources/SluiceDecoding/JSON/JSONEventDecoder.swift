internal import CSluice
internal import Glibc
package import SluiceComponent
package import SluiceEvent

/// JSON objects, one per frame, or several in one (one after the other, or the elements of an array).
///
/// Tolerant: text that is not an object is `message`, flagged `undecoded`; bytes that are not UTF-8 and raw control
/// characters inside strings are kept. Several objects make several events, each with its own raw bytes; what follows the
/// last object that can be read is one more event. Strict: exactly one valid object (RFC 8259).
package struct JSONEventDecoder: Decoder {
    /// What can be configured.
    package struct Options: Sendable {
        /// Name of the field whose RFC 3339 text is the event's time.
        package var timeField = "timestamp"
        /// Take the first object inside other text.
        package var find = false
        /// With `find`: text behind the object is fine.
        package var allowTrailing = true

        /// The defaults.
        package init() {}
    }

    private let reader: JSONObjectReader
    private let options: Options
    private let isStrict: Bool
    private let format: FormatName

    /// A decoder.
    package init(_ options: Options = Options(), strict isStrict: Bool = false) {
        self.init(options, strict: isStrict, format: .json)
    }

    /// The same under another format's name.
    init(_ options: Options, strict isStrict: Bool, format: FormatName) {
        reader = JSONObjectReader(timeField: options.timeField)
        self.options = options
        self.isStrict = isStrict
        self.format = format
    }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        let raw = batch.raw
        if !options.find, appendObject(frame, from: frame.start, received: received, to: raw) == .none { return .decoded }
        return decodeOdd(frame, received: received, to: raw)
    }

    /// Whether the frame is one object as a whole; its event was appended if so, and nothing was otherwise.
    package func appendWholeObject(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> Bool {
        appendObject(frame, from: frame.start, received: received, to: batch.raw) == .none
    }

    /// Appends the event of the object that the frame is from `start` to its end, blanks around it included. On a fault, and
    /// for text that the strict mode refuses, nothing is appended.
    @inline(__always)
    func appendObject(
        _ frame: Frame, from start: Int, received: Int64, to batch: UnsafeMutablePointer<sl_batch>
    ) -> JSONFault {
        guard start < frame.end else { return .notAnObject }
        var found: UInt32 = 0
        var at = start
        // SAFETY: the frame lies in the arena.
        if batch.pointee.bytes[at] <= 0x20 { at = skipBlanks(batch, at, frame.end, &found) }
        guard at < frame.end, batch.pointee.bytes[at] == UInt8(ascii: "{") else { return .notAnObject }
        let event = batch.begin(raw: frame.raw, flags: frame.flags, received: received, format: format)
        let scan = reader.read(batch, from: at, to: frame.end)
        var fault = scan.fault
        found |= scan.found
        if fault == .none, scan.end < frame.end, skipBlanks(batch, scan.end, frame.end, &found) < frame.end {
            fault = .textBehind
        }
        let odd = UInt32(SL_SCAN_INVALID | SL_SCAN_CONTROL)
        if isStrict, found & odd != 0 { fault = .valueInvalid }
        if fault != .none {
            sl_event_cancel(batch)
            return fault
        }
        let isWhole = at == frame.start && scan.end == frame.end && frame.isVerbatim
        if isWhole, found & (odd | UInt32(SL_SCAN_LINE_END)) == 0 { event.pointee.pristine = 1 }
        batch.end()
        return .none
    }

    @inline(never)
    private func skipBlanks(_ batch: UnsafeMutablePointer<sl_batch>, _ at: Int, _ end: Int, _ found: inout UInt32) -> Int {
        if at >= end { return at }
        // SAFETY: `at..<end` lies in the arena.
        let base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        return sl_scan_blanks(base + at, base + end, &found) - base
    }
}

extension JSONEventDecoder {
    /// Frames that are not one object.
    @inline(never)
    private func decodeOdd(
        _ frame: Frame, received: Int64, to batch: UnsafeMutablePointer<sl_batch>
    ) -> DecodingOutcome {
        if options.find {
            if appendFound(frame, received: received, to: batch) { return .decoded }
            if isStrict { return .refused("no JSON object in the text, or text behind it") }
        } else if isStrict {
            // Once more for the reason: refusals are rare and reasons are worth it.
            return .refused(appendObject(frame, from: frame.start, received: received, to: batch).reason)
        } else if let rest = frame.withoutByteOrderMark(batch),
            appendObject(rest, from: rest.start, received: received, to: batch) == .none
                || appendSequence(rest, received: received, to: batch)
        {
            return .decoded
        } else if appendSequence(frame, received: received, to: batch) {
            return .decoded
        }
        batch.appendUndecoded(frame, received: received, format: format)
        return .decoded
    }

    /// The first object inside the text. After a fault the search goes on behind it, so that every byte is read about once.
    private func appendFound(_ frame: Frame, received: Int64, to batch: UnsafeMutablePointer<sl_batch>) -> Bool {
        var at = frame.start
        while at < frame.end {
            // SAFETY: the frame lies in the arena; `read` may move the arena, so the pointer is made anew each time.
            let base = UnsafePointer<UInt8>(batch.pointee.bytes!)
            guard let brace = memchr(base + at, Int32(UInt8(ascii: "{")), frame.end - at) else { return false }
            let start = UnsafeRawPointer(brace) - UnsafeRawPointer(base)
            _ = batch.begin(raw: frame.raw, flags: frame.flags, received: received, format: format)
            let scan = reader.read(batch, from: start, to: frame.end)
            var found = scan.found
            let odd = UInt32(SL_SCAN_INVALID | SL_SCAN_CONTROL)
            let isTaken =
                scan.fault == .none && (!isStrict || found & odd == 0)
                && (options.allowTrailing || skipBlanks(batch, scan.end, frame.end, &found) == frame.end)
            if isTaken {
                batch.end()
                return true
            }
            sl_event_cancel(batch)
            at = max(scan.end, start + 1)
        }
        return false
    }

    /// Objects one after the other, or the elements of an array. False, with nothing appended, when not even the first is one.
    private func appendSequence(_ frame: Frame, received: Int64, to batch: UnsafeMutablePointer<sl_batch>) -> Bool {
        var found: UInt32 = 0
        let before = batch.pointee.event_count
        var at = skipBlanks(batch, frame.start, frame.end, &found)
        guard at < frame.end else { return false }
        let isArray = batch.pointee.bytes[at] == UInt8(ascii: "[")
        if isArray {
            // Text in brackets is no array of objects: `[1234] started`.
            at = skipBlanks(batch, at + 1, frame.end, &found)
            if at == frame.end || batch.pointee.bytes[at] != UInt8(ascii: "{") { return false }
        }
        while at < frame.end {
            let end = appendElement(frame, from: at, isArray: isArray, received: received, to: batch)
            guard let end else {
                if batch.pointee.event_count > before { appendRest(frame, from: at, received: received, to: batch) }
                return batch.pointee.event_count > before
            }
            var next = skipBlanks(batch, end, frame.end, &found)
            if isArray {
                // Behind an element comes a comma or the end of the array, which has to be the end of the text.
                let separator = next < frame.end ? batch.pointee.bytes[next] : 0
                if separator == UInt8(ascii: "]"), skipBlanks(batch, next + 1, frame.end, &found) == frame.end { return true }
                guard separator == UInt8(ascii: ",") else {
                    appendRest(frame, from: next, received: received, to: batch)
                    return true
                }
                next = skipBlanks(batch, next + 1, frame.end, &found)
            } else if batch.pointee.event_count == before + 1, next < frame.end, batch.pointee.bytes[next] != UInt8(ascii: "{") {
                // One object with other text behind it is text.
                batch.cancel(downTo: before)
                return false
            }
            at = next
        }
        return batch.pointee.event_count > before
    }

    /// One object as an event of its own; in an array any other value as its text. Nil, with nothing appended, on a fault.
    private func appendElement(
        _ frame: Frame, from start: Int, isArray: Bool, received: Int64, to batch: UnsafeMutablePointer<sl_batch>
    ) -> Int? {
        let first = batch.pointee.bytes[start]
        if first == UInt8(ascii: "{") {
            let event = batch.begin(raw: .empty, flags: frame.flags, received: received, format: format)
            let scan = reader.read(batch, from: start, to: frame.end)
            guard scan.fault == .none else {
                sl_event_cancel(batch)
                return nil
            }
            event.pointee.raw = sl_span(offset: UInt32(start), length: UInt32(scan.end - start))
            let odd = UInt32(SL_SCAN_INVALID | SL_SCAN_CONTROL | SL_SCAN_LINE_END)
            if frame.isVerbatim, scan.found & odd == 0 { event.pointee.pristine = 1 }
            batch.end()
            return scan.end
        }
        guard isArray else { return nil }
        // SAFETY: `start..<frame.end` lies in the arena.
        let base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        guard let end = JSONValueText.end(base + start, base + frame.end) else { return nil }
        let text = sl_span(offset: UInt32(start), length: UInt32(end - (base + start)))
        batch.appendUndecoded(text, raw: text, flags: frame.flags, received: received, format: format)
        return end - base
    }

    /// What cannot be read behind objects that could.
    private func appendRest(_ frame: Frame, from start: Int, received: Int64, to batch: UnsafeMutablePointer<sl_batch>) {
        let text = sl_span(offset: UInt32(start), length: UInt32(frame.end - start))
        batch.appendUndecoded(text, raw: text, flags: frame.flags, received: received, format: format)
    }
}

/// Ends of JSON values of any kind.
enum JSONValueText {
    /// Behind the valid value at `at`; nil when there is none.
    static func end(_ at: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
        var found: UInt32 = 0
        let end: UnsafePointer<UInt8>
        switch at[0] {
        case UInt8(ascii: "\""): end = sl_scan_string(at + 1, limit, &found) + 1
        case UInt8(ascii: "{"), UInt8(ascii: "["): end = sl_scan_nested(at, limit, JSONObjectReader.depthMax, &found)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): end = sl_scan_number(at, limit, &found)
        default:
            for literal in ["true", "null", "false"] as [StaticString]
            where limit - at >= literal.utf8CodeUnitCount
                && memcmp(at, literal.utf8Start, literal.utf8CodeUnitCount) == 0
            {
                return at + literal.utf8CodeUnitCount
            }
            return nil
        }
        return found & UInt32(SL_SCAN_FAILED) == 0 ? end : nil
    }
}
