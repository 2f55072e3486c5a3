internal import CSluice
internal import Glibc

extension UnsafeMutablePointer where Pointee == sl_slot {
    /// Makes the slot a text that lies in the arena.
    @inline(__always)
    func set(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>, flags: Int) {
        pointee.type = UInt8(SL_STRING)
        pointee.flags = UInt8(truncatingIfNeeded: flags)
        pointee.text = sl_span(
            offset: UInt32(truncatingIfNeeded: start - base), length: UInt32(truncatingIfNeeded: end - start))
    }
}

extension UnsafePointer where Pointee == UInt8 {
    /// Whether the bytes from here on begin with some text; as many must be readable.
    @inline(__always)
    func begins(with text: StaticString) -> Bool { memcmp(self, text.utf8Start, text.utf8CodeUnitCount) == 0 }
}

/// Text that looks like a number, a boolean or null.
enum BareValue {
    /// Types `slot` by the text; false, with the slot unchanged, when it is just text. Numbers are those that JSON knows.
    static func read(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>
    ) -> Bool {
        switch end - start {
        case 4 where start.begins(with: "true"): slot.pointee.type = UInt8(SL_TRUE)
        case 4 where start.begins(with: "null"): slot.pointee.type = UInt8(SL_NULL)
        case 5 where start.begins(with: "false"): slot.pointee.type = UInt8(SL_FALSE)
        default: return readNumber(start, end, base, slot)
        }
        slot.pointee.integer = 0
        return true
    }

    /// The same for numbers only.
    static func readNumber(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
        _ slot: UnsafeMutablePointer<sl_slot>
    ) -> Bool {
        var found: UInt32 = 0
        guard start < end, sl_scan_number(start, end, &found) == end, found == 0 else { return false }
        var integer: Int64 = 0
        var number = 0.0
        let text = UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
        if sl_parse_number(text, end - start, &integer, &number) == 1 {
            slot.pointee.type = UInt8(SL_INTEGER)
            slot.pointee.integer = integer
        } else {
            slot.set(start, end, base, flags: 0)
            slot.pointee.type = UInt8(SL_NUMBER)
        }
        return true
    }
}
