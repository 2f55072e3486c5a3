internal import CSluice
internal import Glibc
internal import SluiceEvent

/// Reads one record into the event under construction.
///
/// Offsets and not pointers are kept over the places where a name that cannot be listed is put into the arena, which may
/// move then.
struct CSVRecordReader {
    let dialect: CSVDialect
    let delimiters: CSVDelimiters
    let isStrict: Bool
    let batch: UnsafeMutablePointer<sl_batch>
    var base: UnsafePointer<UInt8>
    /// The next byte.
    var at: UnsafePointer<UInt8>
    var end: UnsafePointer<UInt8>

    private static let newline = UInt8(ascii: "\n")
    private static let backslash = UInt8(ascii: "\\")

    /// Reads fields up to the end of the record and moves behind its line end; a reason not to take it.
    mutating func read(_ columns: inout CSVColumns) -> StaticString? {
        var index = 0
        while true {
            guard let slot = columns.addSlot(index, to: batch) else { return "record has more than 65,000 fields" }
            rebase()
            index += 1
            let isRest = dialect.isGreedy && index == columns.count
            if let reason = isRest ? readRest(slot) : readField(slot) { return reason }
            if let null = dialect.nullValue, slot.pointee.text.length == null.count, matches(slot, null) {
                slot.pointee.text.length = 0
            }
            if at == end { break }
            let separator = at[0]
            at += 1
            if separator == Self.newline && !isDelimiter(Self.newline) { break }
        }
        if columns.count > 0, index != columns.count {
            sl_event_open(batch).pointee.flags |= EventFlags.columnsMismatch.rawValue
        }
        return nil
    }

    /// Takes the arena's place anew.
    @inline(__always)
    private mutating func rebase() {
        let now = UnsafePointer<UInt8>(batch.pointee.bytes!)
        if now == base { return }
        at = now + (at - base)
        end = now + (end - base)
        base = now
    }

    @inline(__always)
    private func isDelimiter(_ byte: UInt8) -> Bool { delimiters.contains(byte) }

    /// The first delimiter or line end at or behind `start`.
    @inline(__always)
    private func fieldEnd(_ start: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        if delimiters.isFew {
            return sl_scan_any(start, end, delimiters.first.0, delimiters.first.1, delimiters.first.2, Self.newline)
        }
        var stop = start
        while stop < end, stop[0] != Self.newline, !isDelimiter(stop[0]) { stop += 1 }
        return stop
    }

    /// Where the text that ends at `stop` ends without the CR of a line end.
    @inline(__always)
    private func withoutReturn(_ start: UnsafePointer<UInt8>, _ stop: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        let isLineEnd = stop == end || stop[0] == Self.newline
        return isLineEnd && stop > start && stop[-1] == 0x0D ? stop - 1 : stop
    }

    @inline(__always)
    private func isBlank(_ byte: UInt8) -> Bool { (byte == 0x20 || byte == 0x09) && !isDelimiter(byte) }

    private mutating func readField(_ slot: UnsafeMutablePointer<sl_slot>) -> StaticString? {
        if dialect.isStripped { while at < end, isBlank(at[0]) { at += 1 } }
        if at < end, at[0] == dialect.quote { return readQuoted(slot) }
        let start = at
        at = fieldEnd(start)
        var stop = withoutReturn(start, at)
        if isStrict, let quote = dialect.quote, memchr(start, Int32(quote), stop - start) != nil {
            return "quote inside a field that is not quoted"
        }
        if dialect.isStripped { while stop > start, isBlank(stop[-1]) { stop -= 1 } }
        slot.set(start, stop, base, flags: 0)
        return nil
    }

    /// The rest of the record as it is; quotes around all of it are taken off.
    private mutating func readRest(_ slot: UnsafeMutablePointer<sl_slot>) -> StaticString? {
        if dialect.isStripped { while at < end, isBlank(at[0]) { at += 1 } }
        if at < end, at[0] == dialect.quote {
            let used = batch.pointee.length
            let offset = at - base
            if readQuoted(slot) == nil, at == end || at[0] == Self.newline { return nil }
            // Not quoted as a whole: once more from the start, in an arena that may have moved.
            batch.pointee.length = used
            at = base + offset
        }
        let start = at
        at = sl_scan_any(start, end, Self.newline, Self.newline, Self.newline, Self.newline)
        var stop = withoutReturn(start, at)
        if dialect.isStripped { while stop > start, isBlank(stop[-1]) { stop -= 1 } }
        slot.set(start, stop, base, flags: 0)
        return nil
    }

    /// Reads a field whose opening quote is at `at`. Without escapes it stays where it is.
    private mutating func readQuoted(_ slot: UnsafeMutablePointer<sl_slot>) -> StaticString? {
        let quote = dialect.quote!
        let escape = dialect.escape == .double ? quote : Self.backslash
        let start = at + 1
        at = sl_scan_any(start, end, quote, escape, quote, escape)
        if at == end {
            if isStrict { return "quote is not closed" }
            slot.set(start, end, base, flags: 0)
            return nil
        }
        if at[0] == quote, escape != quote || end - at < 2 || at[1] != quote, isFieldEnd(at + 1) {
            slot.set(start, at, base, flags: 0)
            at = blanksBehind(at + 1)
            return nil
        }
        return readEscaped(slot, start, quote, escape)
    }

    /// Whether a field may end at `stop` (blanks aside, when they are taken off).
    @inline(__always)
    private func isFieldEnd(_ stop: UnsafePointer<UInt8>) -> Bool {
        let stop = blanksBehind(stop)
        return stop == end || stop[0] == Self.newline || isDelimiter(stop[0])
    }

    /// Behind the blanks that may follow a closing quote, and behind the CR of a line end.
    @inline(__always)
    private func blanksBehind(_ start: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        var stop = start
        if dialect.isStripped { while stop < end, isBlank(stop[0]) { stop += 1 } }
        if stop < end, stop[0] == 0x0D, stop + 1 == end || stop[1] == Self.newline { stop += 1 }
        return stop
    }

    /// Copies a quoted field to the arena without its escapes. `at` is at the first escape or quote.
    @inline(never)
    private mutating func readEscaped(
        _ slot: UnsafeMutablePointer<sl_slot>, _ start: UnsafePointer<UInt8>, _ quote: UInt8, _ escape: UInt8
    ) -> StaticString? {
        let startOffset = start - base
        guard sl_batch_reserve(batch, end - start) else { preconditionFailure("out of memory for a field") }
        rebase()
        // SAFETY: there is room for the rest of the frame, and what is written is never longer than what is read.
        let start = base + startOffset
        let offset = batch.pointee.length
        let first = batch.pointee.bytes + Int(offset)
        var to = first
        var from = start
        while true {
            memcpy(to, from, at - from)
            to += at - from
            if at == end {
                if isStrict { return "quote is not closed" }
                break
            }
            if at[0] == quote, escape != quote || end - at < 2 || at[1] != quote {
                at += 1
                if isFieldEnd(at) {
                    at = blanksBehind(at)
                    break
                }
                if isStrict { return "text behind a closing quote" }
                // The rest of the field is data.
                let stop = fieldEnd(at)
                let textEnd = withoutReturn(at, stop)
                memcpy(to, at, textEnd - at)
                to += textEnd - at
                at = stop
                break
            }
            from = readEscape(&to)
            at = sl_scan_any(from, end, quote, escape, quote, escape)
        }
        batch.pointee.length += UInt32(truncatingIfNeeded: to - first)
        slot.pointee.type = UInt8(SL_STRING)
        slot.pointee.text = sl_span(offset: offset, length: UInt32(truncatingIfNeeded: to - first))
        return nil
    }

    /// Writes what the escape at `at` stands for; the first byte behind it.
    private func readEscape(_ to: inout UnsafeMutablePointer<UInt8>) -> UnsafePointer<UInt8> {
        guard end - at >= 2 else {
            to[0] = at[0]
            to += 1
            return end
        }
        var byte = at[1]
        var next = at + 2
        if dialect.escape == .sequences {
            switch byte {
            case UInt8(ascii: "n"): byte = 0x0A
            case UInt8(ascii: "r"): byte = 0x0D
            case UInt8(ascii: "t"): byte = 0x09
            case UInt8(ascii: "a"): byte = 0x07
            case UInt8(ascii: "v"): byte = 0x0B
            case UInt8(ascii: "x"):
                if end - next >= 2, let high = Self.hexDigit(next[0]), let low = Self.hexDigit(next[1]) {
                    byte = high << 4 | low
                    next += 2
                }
            default: break
            }
        }
        to[0] = byte
        to += 1
        return next
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    private func matches(_ slot: UnsafeMutablePointer<sl_slot>, _ bytes: [UInt8]) -> Bool {
        memcmp(base + Int(slot.pointee.text.offset), bytes, bytes.count) == 0
    }
}
