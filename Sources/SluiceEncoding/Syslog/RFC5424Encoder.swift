package import CSluice
package import SluiceComponent
package import SluiceConfig
import SluiceEvent

/// Syslog messages by RFC 5424: `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG`.
///
/// What the grammar does not allow is made to fit and counted: header words keep their visible ASCII characters (others become
/// `_`) and are cut at 255, 48, 128 and 32; fractions of a second at 6 digits. Absent fields are `-`; without facility or
/// severity the priority is that of user.notice. `structured_data` is an object of objects; a list as value repeats its
/// parameter. Other fields have no place and are counted as left out.
package struct RFC5424Encoder: Encoder {
    /// Name in configuration.
    package static let kind = "rfc5424"

    /// Its options.
    package static let options: [OptionSpec] = [
        SyslogRecord.framingOption,
        OptionSpec(
            "bom", .boolean, default: "false", "writes a byte-order mark before messages that are UTF-8 (RFC 5424 section 6.4)",
            example: "true"),
    ]

    package private(set) var counts = EncodingCounts()
    private let record: SyslogRecord
    private let writesBOM: Bool
    private var structuredData = StructuredDataText()

    /// An encoder with checked options.
    package init(_ values: OptionValues) {
        record = SyslogRecord(framing: SyslogRecord.framing(values))
        writesBOM = values.boolean("bom")
        structuredData.keepsLineEnds = record.framing.keepsLineEnds
    }

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let start = OutputTail(output)
        record.appendPriority(event, of: batch, to: output, &counts)
        SlotText.append("1 ", to: output)
        appendTimestamp(event, of: batch, to: output)
        appendHeader(SL_KEY_HOSTNAME, limit: 255, event, of: batch, to: output)
        appendHeader(SL_KEY_APPNAME, limit: 48, event, of: batch, to: output)
        appendHeader(SL_KEY_PROCID, limit: 128, event, of: batch, to: output)
        appendHeader(SL_KEY_MSGID, limit: 32, event, of: batch, to: output)
        sl_buffer_append_byte(output, UInt8(ascii: " "))
        if let slot = sl_event_find(batch, event, UInt16(SL_KEY_STRUCTURED_DATA)) {
            structuredData.append(slot, of: batch, to: output, &counts)
        } else {
            sl_buffer_append_byte(output, UInt8(ascii: "-"))
        }
        if let slot = sl_event_find(batch, event, UInt16(SL_KEY_MESSAGE)) { appendMessage(slot, of: batch, to: output) }
        record.finish(start)
        counts.fieldsLeftOut += SyslogRecord.countLeftOut(event, of: batch) { _ in false }
    }

    /// RFC 3339 with at most 6 digits, or `-`.
    private mutating func appendTimestamp(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        guard let slot = sl_event_find(batch, event, UInt16(SL_KEY_TIMESTAMP)) else {
            return sl_buffer_append_byte(output, UInt8(ascii: "-"))
        }
        guard var (ns, detail) = FieldValue(.slot(slot)).time(in: event, of: batch) else {
            counts.valuesAltered += 1
            return sl_buffer_append_byte(output, UInt8(ascii: "-"))
        }
        if detail & 0xFF > 6 {
            if ns % 1_000 != 0 { counts.valuesAltered += 1 }
            ns = ns &- CivilTime.floorDivide(ns, by: 1_000).remainder
            detail = detail & ~0xFF | 6
        }
        // SAFETY: the room that RFC 3339 text needs is reserved.
        let to = sl_buffer_reserve(output, TimestampText.bytesMax)!
        output.pointee.length += TimestampText.print(ns: ns, detail: detail, to: to)
    }

    @inline(__always)
    private mutating func appendHeader(
        _ key: Int, limit: Int, _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>,
        to output: UnsafeMutablePointer<sl_buffer>
    ) {
        sl_buffer_append_byte(output, UInt8(ascii: " "))
        let isThere = record.appendWord(
            key, limit: limit, event, of: batch, to: output, &counts, SyslogRecord.isPrintable)
        if !isThere { sl_buffer_append_byte(output, UInt8(ascii: "-")) }
    }

    private mutating func appendMessage(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        sl_buffer_append_byte(output, UInt8(ascii: " "))
        let tail = OutputTail(output)
        if writesBOM { SlotText.append("\u{FEFF}", to: output) }
        let message = OutputTail(output)
        record.appendMessage(slot, of: batch, to: output, &counts)
        if message.count == 0 {
            // Nothing to say: the blank before the message goes as well.
            output.pointee.length = tail.start - 1
        } else if writesBOM, !Self.isUTF8(message) {
            // SAFETY: the mark's three bytes lie before the message.
            memmove(tail.bytes, message.bytes, message.count)
            output.pointee.length -= 3
        }
    }

    private static func isUTF8(_ tail: OutputTail) -> Bool {
        var at = tail.bytes
        // SAFETY: `at` stays below the end of the bytes in use.
        let end = at + tail.count
        while at < end {
            if at.pointee < 0x80 {
                at += 1
                continue
            }
            let count = sl_utf8_sequence(at, end)
            if count < 0 { return false }
            at += Int(count)
        }
        return true
    }
}
