import CSluice
package import SluiceEvent

/// The records of one payload as `PackedEventEncoder` wrote them, made events of this process. The bytes are believed in nothing.
package struct PackedRecords {
    /// What became of a payload.
    package struct Outcome: Equatable {
        package var events = 0
        /// Records that are no events, for the dead letters: where they lie in the payload.
        package var refused: [Range<Int>] = []
        /// Bytes at the end that are no whole record.
        package var rest = 0

        /// An outcome.
        package init(events: Int = 0, refused: [Range<Int>] = [], rest: Int = 0) {
            self.events = events
            self.refused = refused
            self.rest = rest
        }
    }

    /// Name of the meta value that holds the name of the input that took the event from the outside world.
    package static let originName = "origin"
    /// A value with more levels of nesting is text.
    private static let depthMax: UInt32 = 512

    private let originKey: UInt16
    private let formats: [String: UInt8]
    private let knownFlags = UInt64(1) << UInt64(EventFlags.names.count) - 1

    /// A reader of records.
    package init() {
        let name = Self.originName
        originKey = name.withCString { sl_key_intern($0, name.utf8.count) }
        formats = Dictionary(uniqueKeysWithValues: FormatName.allCases.map { ($0.text, $0.rawValue) })
    }

    /// Appends the events of a payload to a batch, `eventsMax` at most; `peer` is where events without a peer of their own come from.
    package func append(
        _ payload: UnsafeRawBufferPointer, eventsMax: Int, peer: String?, to batch: borrowing EventBatch
    ) -> Outcome {
        var outcome = Outcome()
        // One copy of the peer is enough for all.
        let peerPlace = peer.map { peer in peer.withCString { sl_batch_append_name(batch.raw, $0, peer.utf8.count) } }
        var at = 0
        while outcome.events + outcome.refused.count < eventsMax {
            guard payload.count - at >= 4 else { break }
            let length = Int(UInt32(littleEndian: payload.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            guard length <= payload.count - at - 4 else { break }
            let range = at + 4..<at + 4 + length
            if append(UnsafeRawBufferPointer(rebasing: payload[range]), peerPlace, batch) {
                outcome.events += 1
            } else {
                outcome.refused.append(range)
            }
            at = range.upperBound
        }
        outcome.rest = payload.count - at
        return outcome
    }

    private func append(_ record: UnsafeRawBufferPointer, _ peer: UInt32?, _ batch: borrowing EventBatch) -> Bool {
        var rest = record
        guard let origin = Self.name(&rest), let format = Self.name(&rest), let start = rest.baseAddress,
            let event = sl_event_unpack(batch.raw, start.assumingMemoryBound(to: UInt8.self), rest.count)
        else { return false }
        event.pointee.source = 0
        event.pointee.outputs = 0
        event.pointee.rule = 0
        event.pointee.verdict = UInt8(SL_PENDING)
        event.pointee.format = formats[String(decoding: format, as: UTF8.self)] ?? FormatName.plain.rawValue
        event.pointee.flags &= knownFlags
        // Whether the raw bytes say the same as the fields is only the sender's word.
        event.pointee.pristine = 0
        if event.pointee.peer == UInt32.max, let peer { event.pointee.peer = peer }
        check(event, batch.raw)
        setOrigin(origin, event, batch.raw)
        return true
    }

    /// A name behind its length in one byte.
    private static func name(_ rest: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let count = rest.first, rest.count > Int(count) else { return nil }
        let name = UnsafeRawBufferPointer(rebasing: rest[1..<1 + Int(count)])
        rest = UnsafeRawBufferPointer(rebasing: rest[(1 + Int(count))...])
        return name
    }

    /// `sl_event_unpack` looks at the ends of numbers, objects and arrays only; encoders copy them, so what is not valid becomes text.
    private func check(_ event: UnsafeMutablePointer<sl_event>, _ batch: UnsafeMutablePointer<sl_batch>) {
        for index in 0..<Int(event.pointee.count) {
            let slot = batch.pointee.slots + Int(event.pointee.first) + index
            let type = Int32(slot.pointee.type)
            guard type == SL_NUMBER || type == SL_OBJECT || type == SL_ARRAY else { continue }
            let text = slot.pointee.text
            // SAFETY: the text lies in the arena, behind whose used part padding follows.
            let start = UnsafePointer(batch.pointee.bytes + Int(text.offset))
            let end = start + Int(text.length)
            var found: UInt32 = 0
            let reached = type == SL_NUMBER ? sl_scan_number(start, end, &found) : sl_scan_nested(start, end, Self.depthMax, &found)
            if reached == end, found & UInt32(SL_SCAN_FAILED) == 0 { continue }
            slot.pointee.type = UInt8(SL_STRING)
            slot.pointee.flags &= UInt8(SL_META | SL_OWNED)
            if slot.pointee.key != UInt16(SL_KEY_UNLISTED) { slot.pointee.detail = 0 }
        }
    }

    /// Notes the sender's input as `meta.origin`, unless an earlier receiver has done so; an event that nobody took in has none.
    private func setOrigin(
        _ origin: UnsafeRawBufferPointer, _ event: UnsafeMutablePointer<sl_event>, _ batch: UnsafeMutablePointer<sl_batch>
    ) {
        guard origin.count > 0, originKey != UInt16(SL_KEY_UNLISTED), event.pointee.count < event.pointee.capacity else { return }
        let slots = batch.pointee.slots + Int(event.pointee.first)
        for index in 0..<Int(event.pointee.count) {
            let slot = slots + index
            if slot.pointee.key == originKey, slot.pointee.flags & UInt8(SL_META) != 0, slot.pointee.type != UInt8(SL_ABSENT) { return }
        }
        let offset = sl_batch_append(batch, origin.baseAddress, origin.count)
        guard offset != UInt32.max else { return }
        let slot = slots + Int(event.pointee.count)
        slot.pointee.key = originKey
        slot.pointee.type = UInt8(SL_STRING)
        slot.pointee.flags = UInt8(SL_META)
        slot.pointee.detail = 0
        slot.pointee.text = sl_span(offset: offset, length: UInt32(origin.count))
        event.pointee.count += 1
    }
}
