internal import CSluice
internal import Glibc
package import SluiceComponent
package import SluiceEvent

/// CEE-enhanced text (lumberjack): the cookie `@cee:` and a JSON object.
///
/// The cookie stands at the start, after blanks at most. Tolerant: text without it, or with anything but one object behind
/// it, is `message` as a whole.
package struct CEEDecoder: Decoder {
    private let json: JSONEventDecoder
    private let isStrict: Bool

    /// A decoder; `timeField` is the field whose RFC 3339 text is the event's time.
    package init(timeField: String = "timestamp", strict isStrict: Bool = false) {
        var options = JSONEventDecoder.Options()
        options.timeField = timeField
        json = JSONEventDecoder(options, strict: isStrict, format: .cee)
        self.isStrict = isStrict
    }

    package mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        guard let start = Self.behindCookie(batch.raw, frame) else {
            if isStrict { return .refused("no `@cee:` at the start of the text") }
            batch.raw.appendUndecoded(frame, received: received, format: .cee)
            return .decoded
        }
        let fault = json.appendObject(frame, from: start, received: received, to: batch.raw)
        if fault == .none { return .decoded }
        if isStrict { return .refused(fault.reason) }
        batch.raw.appendUndecoded(frame, received: received, format: .cee)
        return .decoded
    }

    private static func behindCookie(_ batch: UnsafeMutablePointer<sl_batch>, _ frame: Frame) -> Int? {
        guard frame.text.length > 0 else { return nil }
        // SAFETY: the frame lies in the arena.
        let base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        var found: UInt32 = 0
        let at = sl_scan_blanks(base + frame.start, base + frame.end, &found)!
        let cookie: StaticString = "@cee:"
        let length = cookie.utf8CodeUnitCount
        guard base + frame.end - at >= length, memcmp(at, cookie.utf8Start, length) == 0 else { return nil }
        return at - base + length
    }
}
