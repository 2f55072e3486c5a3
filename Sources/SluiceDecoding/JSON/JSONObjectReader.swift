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
        let event = sl_event_open(batch)!
        // SAFETY: `start..<end` lies in the arena. Pointers are made anew after each call that may move it.
        var base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        var limit = base + end
        var at = base + start + 1
        var found: UInt32 = 0
        var seen: UInt64 = 0
        var previous = UInt16.max
        let first = Int(batch.pointee.slot_count)
        var slots = Slots(batch, first: first)
        let predicted = prediction.entries

        /// Leaves the slots in the batch as far as they are filled in.
        @inline(__always) func done(_ fault: JSONFault) -> JSONScan {
            let used = slots.next - (batch.pointee.slots + first)
            batch.pointee.slot_count = UInt32(truncatingIfNeeded: first + used)
            event.pointee.count = UInt16(truncatingIfNeeded: used)
            return JSONScan(end: at - base, found: found, fault: fault)
        }

        Self.skipBlanks(&at, limit, &found)
        if at < limit, at[0] == UInt8(ascii: "}") {
            at += 1
            return done(.none)
        }
        while true {
            let entry = predicted + Int(previous & JSONNamePrediction.mask)
            var key = entry.pointee.key
            var detail: UInt32 = 0
            let length = Int(entry.pointee.length)
            if limit - at >= length, length > 0, sl_same_bytes(at, entry.pointee.json, length) {
                at += length
            } else {
                let offset = at - base
                let name = Self.readName(batch, offset, limit - at, &found)
                // Reading a name may have put it into the arena, which moves then.
                base = UnsafePointer(batch.pointee.bytes!)
                limit = base + end
                at = base + name.end
                if name.fault != .none { return done(name.fault) }
                key = name.key
                detail = name.detail
                if key != UInt16(SL_KEY_UNLISTED) { entry.pointee = JSONNamePrediction.Entry(key) }
            }
            previous = key
            Self.skipBlanks(&at, limit, &found)
            if at >= limit { return done(.valueExpected) }
            if slots.next == slots.limit, !slots.grow(batch, first: first) { return done(.fieldsMax) }
            let slot = slots.next
            slot.pointee.key = key
            slot.pointee.flags = 0
            slot.pointee.detail = detail
            let fault = Self.readValue(&at, limit, base, slot, &found)
            if fault != .none { return done(fault) }
            slots.next += 1

            let bit = UInt64(1) << UInt64(key & 63)
            if seen & bit != 0, event.pointee.flags & EventFlags.duplicateKey.rawValue == 0,
                Self.isRepeated(batch.pointee.slots + first, slot)
            {
                event.pointee.flags |= EventFlags.duplicateKey.rawValue
            }
            seen |= bit
            if key == timeKey { Self.readTime(slot, base, event) }

            Self.skipBlanks(&at, limit, &found)
            if at >= limit { return done(.separatorExpected) }
            let separator = at[0]
            at += 1
            if separator == UInt8(ascii: ",") {
                Self.skipBlanks(&at, limit, &found)
                continue
            }
            if separator == UInt8(ascii: "}") { return done(.none) }
            at -= 1
            return done(.separatorExpected)
        }
    }
}

extension JSONObjectReader {
    /// The slots still to be filled in.
    private struct Slots {
        var next: UnsafeMutablePointer<sl_slot>
        var limit: UnsafeMutablePointer<sl_slot>

        /// Fields of one event at most.
        static let countMax = 65_000

        @inline(__always)
        init(_ batch: UnsafeMutablePointer<sl_batch>, first: Int) {
            if batch.pointee.slots == nil { _ = sl_batch_grow_slots(batch, 16) }
            let slots = batch.pointee.slots!
            next = slots + first
            limit = slots + min(Int(batch.pointee.slot_capacity), first + Self.countMax)
        }

        /// Room for one more; false past the limit of fields.
        @inline(never)
        mutating func grow(_ batch: UnsafeMutablePointer<sl_batch>, first: Int) -> Bool {
            let used = next - (batch.pointee.slots + first)
            guard used < Self.countMax else { return false }
            batch.pointee.slot_count = UInt32(truncatingIfNeeded: first + used)
            guard sl_batch_grow_slots(batch, 16) else { preconditionFailure("out of memory for fields") }
            self = Slots(batch, first: first)
            next += used
            return true
        }
    }

    /// Leaves `at` at the next byte that is no blank, or at `limit`.
    @inline(__always)
    private static func skipBlanks(_ at: inout UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ found: inout UInt32) {
        // SAFETY: one byte behind `limit` is readable; it is not taken for anything.
        if at[0] > 0x20 { return }
        at = sl_scan_blanks(at, limit, &found)
    }

    /// Reads a value into `slot`.
    @inline(__always)
    private static func readValue(
        _ at: inout UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>, _ found: inout UInt32
    ) -> JSONFault {
        let start = at
        switch at[0] {
        case UInt8(ascii: "\""):
            var bits: UInt32 = 0
            let quote = sl_scan_string(at + 1, limit, &bits)!
            at = quote
            found |= bits
            if bits & UInt32(SL_SCAN_FAILED) != 0 { return .valueInvalid }
            at += 1
            slot.pointee.type = UInt8(SL_STRING)
            let odd = UInt32(SL_SCAN_INVALID | SL_SCAN_CONTROL | SL_SCAN_DELETE)
            var flags = bits & odd == 0 ? UInt8(SL_CLEAN) : 0
            if bits & UInt32(SL_SCAN_ESCAPED) != 0 { flags |= UInt8(SL_ESCAPED) }
            slot.pointee.flags = flags
            setText(slot, start + 1, quote, base)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            return readNumber(&at, limit, base, slot)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var bits: UInt32 = 0
            at = sl_scan_nested(at, limit, depthMax - 1, &bits)
            found |= bits
            if bits & UInt32(SL_SCAN_FAILED) != 0 { return .valueInvalid }
            slot.pointee.type = UInt8(start[0] == UInt8(ascii: "{") ? SL_OBJECT : SL_ARRAY)
            setText(slot, start, at, base)
        case UInt8(ascii: "t"):
            return readLiteral(&at, limit, 0x6575_7274, slot, UInt8(SL_TRUE))
        case UInt8(ascii: "n"):
            return readLiteral(&at, limit, 0x6C6C_756E, slot, UInt8(SL_NULL))
        case UInt8(ascii: "f"):
            if limit - at < 5 { return .valueInvalid }
            at += 1
            return readLiteral(&at, limit, 0x6573_6C61, slot, UInt8(SL_FALSE))
        default:
            return .valueExpected
        }
        return .none
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
        _ at: inout UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ word: UInt32, _ slot: UnsafeMutablePointer<sl_slot>,
        _ type: UInt8
    ) -> JSONFault {
        let text = UInt32(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt32.self))
        if limit - at < 4 || text != word { return .valueInvalid }
        at += 4
        slot.pointee.type = type
        slot.pointee.integer = 0
        return .none
    }

    /// An integer of up to 18 digits that prints back the same; everything else keeps its text.
    @inline(__always)
    private static func readNumber(
        _ at: inout UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>
    ) -> JSONFault {
        let isNegative = at[0] == UInt8(ascii: "-")
        let start = isNegative ? at + 1 : at
        var digit = start
        var value: Int64 = 0
        while digit < limit, digit[0] &- 0x30 <= 9, digit - start < 18 {
            value = value &* 10 &+ Int64(digit[0] &- 0x30)
            digit += 1
        }
        // The byte behind decides: another digit, a point or an exponent make it a number that keeps its text.
        let next = digit < limit ? digit[0] : 0x20
        let isPlain = next != UInt8(ascii: ".") && next | 0x20 != UInt8(ascii: "e") && next &- 0x30 > 9
        if isPlain, digit > start, start[0] != UInt8(ascii: "0") || (digit - start == 1 && !isNegative) {
            at = digit
            slot.pointee.type = UInt8(SL_INTEGER)
            slot.pointee.integer = isNegative ? -value : value
            return .none
        }
        return readOddNumber(&at, limit, base, slot)
    }

    @inline(never)
    private static func readOddNumber(
        _ at: inout UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>
    ) -> JSONFault {
        var bits: UInt32 = 0
        let start = at
        at = sl_scan_number(at, limit, &bits)
        if bits != 0 { return .valueInvalid }
        // SAFETY: the text is a valid number inside the arena.
        let text = UnsafeRawBufferPointer(start: start, count: at - start)
        var integer: Int64 = 0
        var number = 0.0
        let isInteger = text.withMemoryRebound(to: CChar.self) {
            sl_parse_number($0.baseAddress, $0.count, &integer, &number) == 1
        }
        // Valid JSON has one spelling of an integer without point and exponent, so text without them prints back the same.
        if isInteger {
            slot.pointee.type = UInt8(SL_INTEGER)
            slot.pointee.integer = integer
        } else {
            slot.pointee.type = UInt8(SL_NUMBER)
            setText(slot, start, at, base)
        }
        return .none
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
        var fault = JSONFault.none
    }

    @inline(never)
    private static func readName(
        _ batch: UnsafeMutablePointer<sl_batch>, _ offset: Int, _ count: Int, _ found: inout UInt32
    ) -> Name {
        var base = UnsafePointer<UInt8>(batch.pointee.bytes!)
        let limit = base + offset + count
        let start = base + offset + 1
        guard count > 0, base[offset] == UInt8(ascii: "\"") else { return Name(end: offset, fault: .nameExpected) }
        var bits: UInt32 = 0
        let quote = sl_scan_string(start, limit, &bits)!
        found |= bits
        if bits & UInt32(SL_SCAN_FAILED) != 0 { return Name(end: quote - base, fault: .nameExpected) }
        let colon = sl_scan_blanks(quote + 1, limit, &found)!
        guard colon < limit, colon[0] == UInt8(ascii: ":") else { return Name(end: colon - base, fault: .colonExpected) }
        var name = Name(end: colon - base + 1)

        var at = offset + 1
        var length = quote - start
        let isEscaped = bits & UInt32(SL_SCAN_ESCAPED) != 0
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
