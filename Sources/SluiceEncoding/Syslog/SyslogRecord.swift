import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent

/// What both syslog encodings share: priority, header words, messages and the frame around a record.
struct SyslogRecord {
    /// How records are told apart in a stream (RFC 6587).
    enum Framing: String, CaseIterable, Sendable {
        /// A line end after each; line ends inside values are written `#012`.
        case newline
        /// The length before each; values keep their line ends.
        case octet
        /// A line end after each, and line ends inside values stay: for outputs that frame records themselves.
        case kept

        /// Whether line ends inside values stay what they are.
        var keepsLineEnds: Bool { self != .newline }
    }

    static let framingOption = OptionSpec(
        "framing", .choice(Framing.allCases.map(\.rawValue)), default: "newline",
        "`newline` ends each record with a line end and writes line ends inside it as `#012`, `octet` puts the length before it, `kept` ends it with a line end and leaves those inside",
        example: "octet")

    /// 1 user, 5 notice: what RFC 3164 section 4.3.3 gives messages without priority.
    private static let standardFacility: Int64 = 1
    private static let standardSeverity: Int64 = 5

    let framing: Framing

    /// Appends `<PRI>`; counts a facility or severity that is no known word.
    @inline(__always)
    func appendPriority(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>,
        _ counts: inout EncodingCounts
    ) {
        let facility = EventCode.facility(of: event, in: batch)
        let severity = EventCode.severity(of: event, in: batch)
        if facility == nil, sl_event_find(batch, event, UInt16(SL_KEY_FACILITY)) != nil { counts.valuesAltered += 1 }
        if severity == nil, sl_event_find(batch, event, UInt16(SL_KEY_SEVERITY)) != nil { counts.valuesAltered += 1 }
        let priority = (facility ?? Self.standardFacility) * 8 + (severity ?? Self.standardSeverity)
        sl_buffer_append_byte(output, UInt8(ascii: "<"))
        SlotText.appendInteger(priority, to: output)
        sl_buffer_append_byte(output, UInt8(ascii: ">"))
    }

    /// Appends a field as one word of the header, at most `limit` bytes; answers whether there was anything to append.
    @inline(__always)
    func appendWord(
        _ key: Int, limit: Int, _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>,
        to output: UnsafeMutablePointer<sl_buffer>, _ counts: inout EncodingCounts, _ isAllowed: (UInt8) -> Bool
    ) -> Bool {
        guard let slot = sl_event_find(batch, event, UInt16(key)) else { return false }
        let tail = OutputTail(output)
        SlotText.append(slot, of: batch, to: output)
        let isAltered = tail.sanitise(isAllowed)
        if tail.cut(to: limit) || isAltered { counts.valuesAltered += 1 }
        return tail.count > 0
    }

    /// Appends a field's text behind what stands there; line ends are kept only where the length is known.
    @inline(__always)
    func appendMessage(
        _ slot: UnsafePointer<sl_slot>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>,
        _ counts: inout EncodingCounts
    ) {
        let tail = OutputTail(output)
        SlotText.append(slot, of: batch, to: output)
        if !framing.keepsLineEnds, tail.escapeOctal() { counts.valuesAltered += 1 }
    }

    /// Ends a record: with a line end, or by putting its length before it.
    @inline(__always)
    func finish(_ record: OutputTail) {
        if framing != .octet { return sl_buffer_append_byte(record.output, 0x0A) }
        let length = record.count
        // SAFETY: 24 bytes more than the record are reserved: 20 of an integer, a blank, and what stays free.
        let room = sl_buffer_reserve(record.output, 24)!
        let digits = room.withMemoryRebound(to: CChar.self, capacity: 24) { sl_print_integer($0, Int64(length)) }
        var prefix: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &prefix) {
            $0.baseAddress!.copyMemory(from: room, byteCount: digits)
            $0[digits] = 0x20
            memmove(record.bytes + digits + 1, record.bytes, length)
            record.bytes.update(from: $0.baseAddress!.assumingMemoryBound(to: UInt8.self), count: digits + 1)
        }
        record.output.pointee.length += digits + 1
    }

    /// Fields that have no place in the record: those behind the standard ones and, when `leavesOut` says so, some of these.
    @inline(__always)
    static func countLeftOut(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, _ leavesOut: (Int) -> Bool
    ) -> Int {
        // SAFETY: the event's slots lie in its batch.
        guard let slots = batch.pointee.slots else { return 0 }
        var count = 0
        for index in 0..<Int(event.pointee.count) {
            let slot = slots + Int(event.pointee.first) + index
            if Int(slot.pointee.type) == SL_ABSENT || slot.pointee.flags & UInt8(SL_META) != 0 { continue }
            if slot.pointee.key > UInt16(SL_KEY_MESSAGE) || leavesOut(Int(slot.pointee.key)) { count += 1 }
        }
        return count
    }

    /// Whether a byte is PRINTUSASCII (RFC 5424 section 6): a visible ASCII character.
    @inline(__always)
    static func isPrintable(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// Checks options of a syslog encoding.
    static func framing(_ values: OptionValues) -> Framing { Framing(rawValue: values.text("framing") ?? "") ?? .newline }
}
