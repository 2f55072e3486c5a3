internal import CSluice
internal import Glibc
internal import SluiceEvent

/// What a JSON object broke.
enum JSONFault: UInt8 {
    case none, notAnObject, nameExpected, colonExpected, valueExpected, valueInvalid, separatorExpected, textBehind, fieldsMax

    /// The reason for a strict decoder's user.
    var reason: StaticString {
        switch self {
        case .none: "JSON is valid"
        case .notAnObject: "JSON text is not an object"
        case .nameExpected: "JSON object has no quoted name where one has to be"
        case .colonExpected: "JSON name is not followed by a colon"
        case .valueExpected: "JSON name is not followed by a value"
        case .valueInvalid: "JSON value is not valid, too deep or not closed"
        case .separatorExpected: "JSON member is followed by neither a comma nor the end of the object"
        case .textBehind: "there is text behind the JSON object"
        case .fieldsMax: "JSON object has more than 65,000 members"
        }
    }
}

extension JSONFault {
    /// The reason of a fault, nil without one.
    var reasonOrNil: StaticString? { self == .none ? nil : reason }
}

/// What a read of one object came to.
struct JSONScan {
    /// Arena offset behind the object, or where the fault is.
    var end: Int
    /// SL_SCAN_* bits of names and values.
    var found: UInt32
    var fault: JSONFault
}

/// Reads one JSON object into the slots of the event under construction, in one pass.
///
/// Texts and nested values stay where they are; numbers become integers only when they print back the same. The name that
/// follows a name is nearly always the one that followed it in the event before, so it is compared as a whole, `"name":`,
/// before anything is scanned or hashed.
struct JSONObjectReader {
    /// Names by the name before them.
    private let prediction = JSONNamePrediction()
    /// The field whose RFC 3339 text is the event's time.
    private let timeKey: UInt16

    /// Levels of nesting at most, the object itself included.
    static let depthMax: UInt32 = 512

    init(timeField: String) {
        timeKey = FieldKey(text: timeField)?.id ?? UInt16(SL_KEY_TIMESTAMP)
    }

    /// Reads the object whose `{` is at arena offset `start`. The fields of a faulty one are the caller's to take back.
    func read(_ batch: UnsafeMutablePointer<sl_batch>, from start: Int, to end: Int) -> JSONScan {
        // SAFETY: `start..<end` lies in the arena. Pointers are made anew after each call that may move it.
        var base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        var limit = base + end
        var at = base + start + 1
        var bits: UInt32 = 0
        let first = Int(batch.pointee.slot_count)
        if batch.pointee.slots == nil { _ = sl_batch_grow_slots(batch, 16) }
        var slots = batch.pointee.slots! + first
        var slot = slots
        var slotLimit = slots + Self.room(batch, first)
        var seen: UInt64 = 0
        var previous = UInt16.max
        let predicted = prediction.entries
        var fault = JSONFault.none

        if at[0] <= 0x20 { at = Self.skipBlanks(at, limit, &bits) }
        if at < limit, at[0] == UInt8(ascii: "}") {
            return JSONScan(end: at + 1 - base, found: bits, fault: .none)
        }
        while true {
            let entry = predicted + Int(previous & JSONNamePrediction.mask)
            var key = entry.pointee.key
            var detail: UInt32 = 0
            let length = Int(entry.pointee.length)
            if limit - at >= length, length > 0, sl_same_bytes(at, entry.pointee.json, length) {
                at += length
            } else {
                let name = Self.readName(batch, at - base, limit - at)
                // Reading a name may have put it into the arena, which moves then.
                base = UnsafePointer(batch.pointee.bytes!)
                limit = base + end
                at = base + name.end
                bits |= name.bits
                fault = name.fault
                if fault != .none { break }
                key = name.key
                detail = name.detail
                if key != UInt16(SL_KEY_UNLISTED) { entry.pointee = JSONNamePrediction.Entry(key) }
            }
            previous = key
            if at[0] <= 0x20 { at = Self.skipBlanks(at, limit, &bits) }
            if slot == slotLimit {
                guard Self.grow(batch, first, slot - slots) else {
                    fault = .fieldsMax
                    break
                }
                slot = batch.pointee.slots! + first + (slot - slots)
                slots = batch.pointee.slots! + first
                slotLimit = slots + Self.room(batch, first)
            }
            slot.pointee.key = key
            slot.pointee.detail = detail
            let step = Self.readValue(at, limit, base, slot)
            at = step.at
            bits |= step.bits
            if step.fault != .none {
                fault = step.fault
                break
            }
            slot += 1
            let bit = UInt64(1) << UInt64(key & 63)
            if (seen & bit != 0) || key == timeKey { Self.notice(slot - 1, slots, base, batch, isTime: key == timeKey) }
            seen |= bit

            if at[0] <= 0x20 { at = Self.skipBlanks(at, limit, &bits) }
            let separator = at < limit ? at[0] : 0
            if separator == UInt8(ascii: ",") {
                at += 1
                if at[0] <= 0x20 { at = Self.skipBlanks(at, limit, &bits) }
                continue
            }
            if separator == UInt8(ascii: "}") { at += 1 } else { fault = .separatorExpected }
            break
        }
        batch.pointee.slot_count = UInt32(truncatingIfNeeded: first + (slot - slots))
        sl_event_open(batch).pointee.count = UInt16(truncatingIfNeeded: slot - slots)
        return JSONScan(end: at - base, found: bits, fault: fault)
    }
}

extension JSONObjectReader {
    /// How far a value went.
    private struct Step {
        var at: UnsafePointer<UInt8>
        /// SL_SCAN_* bits.
        var bits: UInt32
        var fault = JSONFault.none
    }

    /// Fields of one event at most.
    private static let fieldsMax = 65_000

    /// Slots that can be filled in behind the first `first` ones.
    @inline(__always)
    private static func room(_ batch: UnsafeMutablePointer<sl_batch>, _ first: Int) -> Int {
        min(Int(batch.pointee.slot_capacity) - first, fieldsMax)
    }

    /// Room for more slots behind `used` ones; false past the limit of fields.
    @inline(never)
    private static func grow(_ batch: UnsafeMutablePointer<sl_batch>, _ first: Int, _ used: Int) -> Bool {
        guard used < fieldsMax else { return false }
        batch.pointee.slot_count = UInt32(truncatingIfNeeded: first + used)
        guard sl_batch_grow_slots(batch, 16) else { preconditionFailure("out of memory for fields") }
        return true
    }

    /// The next byte that is no blank, or `limit`.
    ///
    /// Callers look at one byte before, which may be the one behind `limit`: it can be read, and is not taken for anything
    /// because everything that is taken is compared with `limit` first.
    @inline(never)
    private static func skipBlanks(
        _ at: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ bits: inout UInt32
    ) -> UnsafePointer<UInt8> { sl_scan_blanks(at, limit, &bits) }

    /// Reads a value into `slot`.
    @inline(__always)
    private static func readValue(
        _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>
    ) -> Step {
        if start >= limit { return Step(at: limit, bits: 0, fault: .valueExpected) }
        let byte = start[0]
        if byte == UInt8(ascii: "\"") { return readString(start, limit, base, slot) }
        slot.pointee.flags = 0
        if byte &- 0x30 <= 9 || byte == UInt8(ascii: "-") { return readNumber(start, limit, base, slot) }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var bits: UInt32 = 0
            let end = sl_scan_nested(start, limit, depthMax - 1, &bits)!
            slot.pointee.type = UInt8(truncatingIfNeeded: byte == UInt8(ascii: "{") ? SL_OBJECT : SL_ARRAY)
            setText(slot, start, end, base)
            return Step(at: end, bits: bits, fault: bits & UInt32(SL_SCAN_FAILED) != 0 ? .valueInvalid : .none)
        case UInt8(ascii: "t"): return readLiteral(start, limit, 0x6575_7274, slot, SL_TRUE)
        case UInt8(ascii: "n"): return readLiteral(start, limit, 0x6C6C_756E, slot, SL_NULL)
        case UInt8(ascii: "f"): return readLiteral(start + 1, limit, 0x6573_6C61, slot, SL_FALSE)
        default: return Step(at: start, bits: 0, fault: .valueExpected)
        }
    }

    @inline(__always)
    private static func readString(
        _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>
    ) -> Step {
        var bits: UInt32 = 0
        let quote = sl_scan_string(start + 1, limit, &bits)!
        slot.pointee.type = UInt8(SL_STRING)
        setText(slot, start + 1, quote, base)
        slot.pointee.flags = UInt8(SL_CLEAN)
        if bits == 0 { return Step(at: quote + 1, bits: 0) }
        if bits & UInt32(SL_SCAN_FAILED) != 0 { return Step(at: quote, bits: bits, fault: .valueInvalid) }
        let odd = UInt32(SL_SCAN_INVALID | SL_SCAN_CONTROL | SL_SCAN_DELETE)
        let clean = bits & odd == 0 ? SL_CLEAN : 0
        let escaped = bits & UInt32(SL_SCAN_ESCAPED) != 0 ? SL_ESCAPED : 0
        slot.pointee.flags = UInt8(truncatingIfNeeded: clean | escaped)
        return Step(at: quote + 1, bits: bits)
    }

    @inline(__always)
    private static func setText(
        _ slot: UnsafeMutablePointer<sl_slot>, _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>,
        _ base: UnsafePointer<UInt8>
    ) {
        slot.pointee.text = sl_span(
            offset: UInt32(truncatingIfNeeded: start - base), length: UInt32(truncatingIfNeeded: end - start))
    }

    /// Four bytes as a little-endian number (`true`, `null`, the end of `false`).
    @inline(__always)
    private static func readLiteral(
        _ at: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ word: UInt32, _ slot: UnsafeMutablePointer<sl_slot>,
        _ type: Int
    ) -> Step {
        let text = UInt32(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt32.self))
        if limit - at < 4 || text != word { return Step(at: min(at, limit), bits: 0, fault: .valueInvalid) }
        slot.pointee.type = UInt8(truncatingIfNeeded: type)
        slot.pointee.integer = 0
        return Step(at: at + 4, bits: 0)
    }

    /// An integer of up to 18 digits that prints back the same; everything else keeps its text.
    @inline(__always)
    private static func readNumber(
        _ begin: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>
    ) -> Step {
        let isNegative = begin[0] == UInt8(ascii: "-")
        let start = isNegative ? begin + 1 : begin
        let last = min(limit, start + 18)
        var at = start
        var value: Int64 = 0
        while at < last {
            let digit = at[0] &- 0x30
            if digit > 9 { break }
            value = value &* 10 &+ Int64(digit)
            at += 1
        }
        // The byte behind decides: another digit, a point or an exponent make it a number that keeps its text.
        let next = at < limit ? at[0] : 0x20
        let isPlain = next != UInt8(ascii: ".") && next | 0x20 != UInt8(ascii: "e") && next &- 0x30 > 9
        if isPlain, at > start, start[0] != UInt8(ascii: "0") || (at - start == 1 && !isNegative) {
            slot.pointee.type = UInt8(SL_INTEGER)
            slot.pointee.integer = isNegative ? -value : value
            return Step(at: at, bits: 0)
        }
        return readOddNumber(begin, limit, base, slot)
    }

    @inline(never)
    private static func readOddNumber(
        _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>
    ) -> Step {
        var bits: UInt32 = 0
        let at = sl_scan_number(start, limit, &bits)!
        if bits != 0 { return Step(at: at, bits: 0, fault: .valueInvalid) }
        slot.pointee.type = UInt8(SL_NUMBER)
        setText(slot, start, at, base)
        // Integers have one spelling in JSON: text of 19 digits or so without point and exponent prints back the same.
        let isLong = at - start >= 19
        if isLong, let value = integer(start, at) {
            slot.pointee.type = UInt8(SL_INTEGER)
            slot.pointee.integer = value
        }
        return Step(at: at, bits: 0)
    }

    /// The value of a JSON number without point and exponent that fits.
    private static func integer(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int64? {
        var integer: Int64 = 0
        var number = 0.0
        // SAFETY: the text is a valid number inside the arena.
        let text = UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
        return sl_parse_number(text, end - start, &integer, &number) == 1 ? integer : nil
    }

    /// What is rare: a name that may be there already, and the field of the event's time.
    @inline(never)
    private static func notice(
        _ slot: UnsafeMutablePointer<sl_slot>, _ slots: UnsafeMutablePointer<sl_slot>, _ base: UnsafePointer<UInt8>,
        _ batch: UnsafeMutablePointer<sl_batch>, isTime: Bool
    ) {
        let event = sl_event_open(batch)!
        if isRepeated(slots, slot) { event.pointee.flags |= EventFlags.duplicateKey.rawValue }
        if isTime { readTime(slot, base, event) }
    }

    /// Whether an earlier slot has the key of `slot`. Only looked at in the first fields: it is a hint, not a check.
    @inline(never)
    private static func isRepeated(_ first: UnsafeMutablePointer<sl_slot>, _ slot: UnsafeMutablePointer<sl_slot>) -> Bool {
        let key = slot.pointee.key
        if key == UInt16(SL_KEY_UNLISTED) || slot - first > 256 { return false }
        var other = first
        while other < slot {
            if other.pointee.key == key { return true }
            other += 1
        }
        return false
    }

    /// RFC 3339 text stays as it came and is the event's time as well.
    @inline(never)
    private static func readTime(
        _ slot: UnsafeMutablePointer<sl_slot>, _ base: UnsafePointer<UInt8>, _ event: UnsafeMutablePointer<sl_event>
    ) {
        guard slot.pointee.type == UInt8(SL_STRING), slot.pointee.flags & UInt8(SL_ESCAPED) == 0 else { return }
        let text = slot.pointee.text
        guard let time = TimestampText.parseRFC3339(base + Int(text.offset), Int(text.length)) else { return }
        slot.pointee.flags |= UInt8(SL_TIME)
        slot.pointee.detail = time.detail
        event.pointee.time_ns = time.ns
    }

    /// A name that was not predicted, with its colon.
    private struct Name {
        var key: UInt16 = 0
        var detail: UInt32 = 0
        /// Arena offset behind the colon, or of the fault.
        var end: Int
        /// SL_SCAN_* bits.
        var bits: UInt32 = 0
        var fault = JSONFault.none
    }

    @inline(never)
    private static func readName(
        _ batch: UnsafeMutablePointer<sl_batch>, _ offset: Int, _ count: Int
    ) -> Name {
        var base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        let limit = base + offset + count
        let start = base + offset + 1
        guard count > 0, base[offset] == UInt8(ascii: "\"") else { return Name(end: offset, fault: .nameExpected) }
        var bits: UInt32 = 0
        let quote = sl_scan_string(start, limit, &bits)!
        if bits & UInt32(SL_SCAN_FAILED) != 0 { return Name(end: quote - base, fault: .nameExpected) }
        let isEscaped = bits & UInt32(SL_SCAN_ESCAPED) != 0
        let colon = sl_scan_blanks(quote + 1, limit, &bits)!
        guard colon < limit, colon[0] == UInt8(ascii: ":") else { return Name(end: colon - base, fault: .colonExpected) }
        var name = Name(end: colon - base + 1, bits: bits)

        var at = offset + 1
        var length = quote - start
        if isEscaped {
            // The plain name is put behind the used part of the arena; it stays there only when it cannot be listed.
            guard sl_batch_reserve(batch, length + 4) else { preconditionFailure("out of memory for a name") }
            let bytes = batch.pointee.bytes!
            base = UnsafePointer(bytes)
            let to = Int(batch.pointee.length) + 4
            length = sl_json_unescape(bytes + to, base + at, length)
            at = to
        }
        name.key = (base + at).withMemoryRebound(to: CChar.self, capacity: length) { sl_key_intern($0, length) }
        if name.key == UInt16(SL_KEY_UNLISTED) {
            guard sl_batch_reserve(batch, length + 4) else { preconditionFailure("out of memory for a name") }
            let bytes = batch.pointee.bytes!
            let to = Int(batch.pointee.length)
            // Names and their lengths as `sl_batch_append_name` lays them out; the bytes may lie there already.
            memmove(bytes + to + 4, bytes + at, length)
            UnsafeMutableRawPointer(bytes + to).storeBytes(of: UInt32(truncatingIfNeeded: length), as: UInt32.self)
            batch.pointee.length += UInt32(truncatingIfNeeded: length + 4)
            name.detail = UInt32(truncatingIfNeeded: to)
        }
        return name
    }
}
