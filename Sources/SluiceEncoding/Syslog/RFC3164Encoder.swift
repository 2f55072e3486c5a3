package import CSluice
package import SluiceComponent
package import SluiceConfig
import SluiceEvent

/// Syslog messages by RFC 3164: `<PRI>Oct  9 22:33:20 hostname tag[pid]: message`.
///
/// The time is written at the offset that it has; without a timestamp it is the time of receipt in UTC, since the format must
/// have one. An event without `hostname` has none in its record when it has an `appname`, else `-`. Blanks, control characters,
/// `:`, `[` and `]` in header words become `_` (a hostname keeps its colons and brackets) and are counted. Fields other than
/// `message`, `hostname`, `appname` and `procid` have no place and are counted as left out.
package struct RFC3164Encoder: Encoder {
    /// Name in configuration.
    package static let kind = "rfc3164"

    /// Its options.
    package static let options: [OptionSpec] = [
        SyslogRecord.framingOption,
        OptionSpec(
            "time", .choice(["rfc3164", "rfc3339"]), default: "rfc3164",
            "form of the time: `Oct  9 22:33:20`, or `2026-10-09T22:33:20Z` with year, fraction and zone", example: "rfc3339"),
    ]

    package private(set) var counts = EncodingCounts()
    private let record: SyslogRecord
    private let writesRFC3339: Bool

    /// An encoder with checked options.
    package init(_ values: OptionValues) {
        record = SyslogRecord(framing: SyslogRecord.framing(values))
        writesRFC3339 = values.text("time") == "rfc3339"
    }

    package mutating func encode(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let start = OutputTail(output)
        record.appendPriority(event, of: batch, to: output, &counts)
        appendTime(event, of: batch, to: output)
        let message = sl_event_find(batch, event, UInt16(SL_KEY_MESSAGE))
        let hasTag = sl_event_find(batch, event, UInt16(SL_KEY_APPNAME)) != nil
        let beforeHost = OutputTail(output)
        sl_buffer_append_byte(output, UInt8(ascii: " "))
        let hasHost = record.appendWord(
            SL_KEY_HOSTNAME, limit: 255, event, of: batch, to: output, &counts, SyslogRecord.isPrintable)
        if !hasHost {
            if hasTag {
                output.pointee.length = beforeHost.start
            } else {
                sl_buffer_append_byte(output, UInt8(ascii: "-"))
            }
        }
        appendTag(event, of: batch, to: output)
        if let message {
            sl_buffer_append_byte(output, UInt8(ascii: " "))
            record.appendMessage(message, of: batch, to: output, &counts)
        }
        record.finish(start)
        counts.fieldsLeftOut += SyslogRecord.countLeftOut(event, of: batch) { key in
            key == SL_KEY_MSGID || key == SL_KEY_STRUCTURED_DATA || key == SL_KEY_PROCID && !hasTag
        }
    }

    private mutating func appendTime(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        var time: (ns: Int64, detail: UInt32)?
        if let slot = sl_event_find(batch, event, UInt16(SL_KEY_TIMESTAMP)) {
            time = FieldValue(.slot(slot)).time(in: event, of: batch)
            if time == nil { counts.valuesAltered += 1 }
        }
        let (ns, detail) = time ?? (event.pointee.received_ns, 0)
        // SAFETY: the room that RFC 3339 text needs is reserved; the short form has 15 bytes.
        let to = sl_buffer_reserve(output, TimestampText.bytesMax)!
        if writesRFC3339 {
            output.pointee.length += TimestampText.print(ns: ns, detail: detail, to: to)
            return
        }
        let offset = Int64(Int16(truncatingIfNeeded: detail >> 8))
        let civil = CivilTime(seconds: CivilTime.floorDivide(ns, by: 1_000_000_000).quotient + offset * 60)
        let name = CalendarName.month(civil.month).utf8Start
        for index in 0..<3 { to[index] = name[index] }
        to[3] = 0x20
        to[4] = civil.day < 10 ? 0x20 : UInt8(0x30 + civil.day / 10)
        to[5] = UInt8(0x30 + civil.day % 10)
        to[6] = 0x20
        TimestampText.printPair(UInt32(civil.hour), to: to + 7)
        to[9] = UInt8(ascii: ":")
        TimestampText.printPair(UInt32(civil.minute), to: to + 10)
        to[12] = UInt8(ascii: ":")
        TimestampText.printPair(UInt32(civil.second), to: to + 13)
        output.pointee.length += 15
    }

    /// `tag[pid]:`, nothing without `appname`.
    private mutating func appendTag(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        let before = OutputTail(output)
        sl_buffer_append_byte(output, UInt8(ascii: " "))
        guard record.appendWord(SL_KEY_APPNAME, limit: 255, event, of: batch, to: output, &counts, Self.isTagByte) else {
            output.pointee.length = before.start
            return
        }
        let beforeProcess = OutputTail(output)
        sl_buffer_append_byte(output, UInt8(ascii: "["))
        if record.appendWord(SL_KEY_PROCID, limit: 128, event, of: batch, to: output, &counts, Self.isTagByte) {
            SlotText.append("]:", to: output)
        } else {
            output.pointee.length = beforeProcess.start
            sl_buffer_append_byte(output, UInt8(ascii: ":"))
        }
    }

    /// Bytes that end neither the tag nor the process id. Letters beyond ASCII stay: receivers take them.
    private static func isTagByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: ":") && byte != UInt8(ascii: "[") && byte != UInt8(ascii: "]")
    }
}
