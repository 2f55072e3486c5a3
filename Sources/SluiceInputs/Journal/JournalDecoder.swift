import CSluice
import SluiceComponent
import SluiceDecoding
import SluiceEvent

/// Records of `journalctl --output=json`: one object a line, all values texts, or arrays of bytes where they are none.
///
/// The JSON decoder makes slots of the object; they are given their standard names and types in place, so nothing is copied but values
/// that came as arrays of numbers.
struct JournalDecoder: Decoder {
    private var json = JSONEventDecoder()
    private let fields: JournalFields
    private let place: JournalPlace

    /// A decoder that notes in `place` which entry it has reached.
    init(_ fields: JournalFields, _ place: JournalPlace) {
        self.fields = fields
        self.place = place
    }

    mutating func decode(_ frame: Frame, received: Int64, into batch: borrowing EventBatch) -> DecodingOutcome {
        guard json.appendWholeObject(frame, received: received, into: batch) else {
            if isRemark(frame, batch) { return .decoded }
            return json.decode(frame, received: received, into: batch)
        }
        let event = sl_event_open(batch.raw)!
        event.pointee.pristine = 0
        event.pointee.format = FormatName.journal.rawValue
        if !translate(event, batch) { sl_event_cancel(batch.raw) }
        return .decoded
    }

    /// What journalctl says between entries: `-- Boot 0123… --`.
    private func isRemark(_ frame: Frame, _ batch: borrowing EventBatch) -> Bool {
        batch.bytes(frame.text).starts(with: "-- ".utf8)
    }

    /// Gives fields their names and types; false for the entry that was read before.
    private func translate(_ event: UnsafeMutablePointer<sl_event>, _ batch: borrowing EventBatch) -> Bool {
        var hasIdentifier = false
        var hasProcessID = false
        var command: Int?
        var trustedID: Int?
        var isNew = true
        for index in 0..<Int(event.pointee.count) {
            if Int32(slot(event, index, batch).pointee.type) == Int32(SL_ARRAY) { unpack(event, index, batch) }
            let slot = slot(event, index, batch)
            let use = fields.use(of: slot.pointee.key)
            switch use {
            case .keep: break
            case .drop: drop(slot)
            case .message: slot.pointee.key = UInt16(SL_KEY_MESSAGE)
            case .priority: setCode(slot, UInt16(SL_KEY_SEVERITY), SL_SEVERITY, below: Int(SL_SEVERITY_COUNT), batch)
            case .facility: setCode(slot, UInt16(SL_KEY_FACILITY), SL_FACILITY, below: Int(SL_FACILITY_COUNT), batch)
            case .identifier:
                hasIdentifier = true
                slot.pointee.key = UInt16(SL_KEY_APPNAME)
            case .processID:
                hasProcessID = true
                slot.pointee.key = UInt16(SL_KEY_PROCID)
            case .hostname: slot.pointee.key = UInt16(SL_KEY_HOSTNAME)
            case .time: setTime(slot, event, batch)
            case .cursor:
                isNew = place.reached(text(slot, batch))
                drop(slot)
            case .command: command = index
            case .trustedID: trustedID = index
            }
        }
        standIn(command, .command, for: hasIdentifier ? nil : UInt16(SL_KEY_APPNAME), event, batch)
        standIn(trustedID, .trustedID, for: hasProcessID ? nil : UInt16(SL_KEY_PROCID), event, batch)
        return isNew
    }

    /// A trusted field under a standard name, when the sender gave none.
    private func standIn(
        _ index: Int?, _ use: JournalFields.Use, for key: UInt16?, _ event: UnsafeMutablePointer<sl_event>, _ batch: borrowing EventBatch
    ) {
        guard let index else { return }
        let isKept = fields.rest(of: use) == .keep
        if let key {
            if !isKept {
                slot(event, index, batch).pointee.key = key
                return
            }
            // The decoder has left spare slots behind the last one.
            if event.pointee.count < event.pointee.capacity {
                let copy = slot(event, Int(event.pointee.count), batch)
                copy.pointee = slot(event, index, batch).pointee
                copy.pointee.key = key
                event.pointee.count += 1
            }
        }
        if !isKept { drop(slot(event, index, batch)) }
    }

    @inline(__always)
    private func slot(_ event: UnsafeMutablePointer<sl_event>, _ index: Int, _ batch: borrowing EventBatch) -> UnsafeMutablePointer<sl_slot>
    {
        batch.raw.pointee.slots + Int(event.pointee.first) + index
    }

    private func drop(_ slot: UnsafeMutablePointer<sl_slot>) { slot.pointee.type = UInt8(SL_ABSENT) }

    private func text(_ slot: UnsafeMutablePointer<sl_slot>, _ batch: borrowing EventBatch) -> UnsafeRawBufferPointer {
        Int32(slot.pointee.type) == Int32(SL_STRING) ? batch.bytes(slot.pointee.text) : UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// A number that has a keyword; one that has none stays what it is.
    private func setCode(
        _ slot: UnsafeMutablePointer<sl_slot>, _ key: UInt16, _ type: Int, below count: Int, _ batch: borrowing EventBatch
    ) {
        guard let code = Self.number(text(slot, batch)), code < count else {
            if fields.rest(of: .priority) == .drop { drop(slot) }
            return
        }
        slot.pointee.key = key
        slot.pointee.type = UInt8(type)
        slot.pointee.flags = 0
        slot.pointee.integer = code
    }

    /// Microseconds since 1970 as the event's time.
    private func setTime(_ slot: UnsafeMutablePointer<sl_slot>, _ event: UnsafeMutablePointer<sl_event>, _ batch: borrowing EventBatch) {
        guard let microseconds = Self.number(text(slot, batch)), microseconds <= Int64.max / 1_000 else { return }
        slot.pointee.key = UInt16(SL_KEY_TIMESTAMP)
        slot.pointee.type = UInt8(SL_TIMESTAMP)
        slot.pointee.flags = 0
        slot.pointee.detail = Self.microsecondsDetail
        slot.pointee.integer = microseconds * 1_000
        event.pointee.time_ns = microseconds * 1_000
    }

    /// Six digits of the second, UTC.
    private static let microsecondsDetail: UInt32 = 6

    static func number(_ digits: UnsafeRawBufferPointer) -> Int64? {
        guard 1...18 ~= digits.count else { return nil }
        var number: Int64 = 0
        for digit in digits {
            guard 0x30...0x39 ~= digit else { return nil }
            number = number * 10 + Int64(digit - 0x30)
        }
        return number
    }

    /// `[72,105]` becomes the text that these bytes are; an array of anything else (a field that came more than once) stays one.
    private func unpack(_ event: UnsafeMutablePointer<sl_event>, _ index: Int, _ batch: borrowing EventBatch) {
        let array = slot(event, index, batch).pointee.text
        batch.reserve(Int(array.length))
        // SAFETY: the array lies in the arena, behind which room for what is shorter was reserved.
        let bytes = batch.raw.pointee.bytes!
        let end = Int(array.end) - 1
        let start = Int(batch.raw.pointee.length)
        var to = start
        var at = Int(array.offset) + 1
        while at < end {
            var value = 0
            var digits = 0
            while at < end, 0x30...0x39 ~= bytes[at], digits < 4 {
                value = value * 10 + Int(bytes[at] - 0x30)
                digits += 1
                at += 1
            }
            guard digits > 0, value <= 255 else { return }
            bytes[to] = UInt8(value)
            to += 1
            while at < end, bytes[at] == 0x20 || bytes[at] == 0x2C { at += 1 }
        }
        guard to > start else { return }
        batch.raw.pointee.length = UInt32(to)
        let slot = slot(event, index, batch)
        slot.pointee.type = UInt8(SL_STRING)
        slot.pointee.flags = 0
        slot.pointee.text = sl_span(offset: UInt32(start), length: UInt32(to - start))
    }
}
