import CSluice
import SluiceComponent
import SluiceEncoding
import SluiceEvent

/// One output as a lane sees it: encodes a batch's share of events into a parcel, grouped by where each goes.
///
/// Encoders keep state and each lane has its own. With a path that differs from event to event the events of one path become one
/// part, in order; parts follow in the order in which their paths first came.
struct LaneOutput {
    /// Bit in `sl_event.outputs`.
    let index: Int
    private var encoder: any Encoder
    private let path: PathTemplate?
    /// Whether parcels carry their events, for an output that may give up on one.
    private let keepsEvents: Bool
    private var groups: [Group] = []
    private var groupByPath: [String: Int] = [:]
    private var next: [UInt32] = []

    private struct Group {
        let path: String
        var first: UInt32
        var last: UInt32
        var events: Int
    }

    /// An output.
    init(index: Int, encoder: any Encoder, path: PathTemplate?, keepsEvents: Bool) {
        self.index = index
        self.encoder = encoder
        self.path = path
        self.keepsEvents = keepsEvents
    }

    /// What the encoder had to change so far.
    var counts: EncodingCounts { encoder.counts }

    /// Encodes the events of the batch that have this output's bit.
    mutating func fill(_ parcel: Parcel, from batch: borrowing EventBatch) {
        let bit = UInt64(1) << UInt64(index)
        let raw = UnsafePointer(batch.raw)
        if let path, !path.isLiteral {
            group(batch, bit, path)
            for group in groups { encode(group, raw, parcel) }
        } else {
            let events = encoder.encode(batch: raw, bit: bit, to: parcel.bytes)
            parcel.parts.append(Parcel.Part(path: path?.text, length: parcel.byteCount, events: events))
        }
        if keepsEvents { keep(batch, bit, parcel) }
    }

    private mutating func encode(_ group: Group, _ batch: UnsafePointer<sl_batch>, _ parcel: Parcel) {
        let start = parcel.byteCount
        var index = group.first
        while index != SL_NO_EVENT_INDEX {
            encoder.encode(UnsafePointer(batch.pointee.events + Int(index)), of: batch, to: parcel.bytes)
            index = next[Int(index)]
        }
        parcel.parts.append(Parcel.Part(path: group.path, length: parcel.byteCount - start, events: group.events))
    }

    /// Chains the events of each path.
    private mutating func group(_ batch: borrowing EventBatch, _ bit: UInt64, _ path: PathTemplate) {
        groups.removeAll(keepingCapacity: true)
        groupByPath.removeAll(keepingCapacity: true)
        if next.count < batch.count { next = [UInt32](repeating: SL_NO_EVENT_INDEX, count: batch.count) }
        var text = sl_buffer()
        defer { sl_buffer_destroy(&text) }
        let raw = UnsafePointer(batch.raw)
        var index = raw.pointee.first
        var last: Int?
        while index != SL_NO_EVENT_INDEX {
            let event = raw.pointee.events + Int(index)
            if event.pointee.outputs & bit != 0 {
                text.length = 0
                path.append(UnsafePointer(event), of: raw, to: &text)
                last = add(index, path: text, lastGroup: last)
            }
            index = event.pointee.next
        }
    }

    private mutating func add(_ event: UInt32, path: sl_buffer, lastGroup: Int?) -> Int {
        let bytes = UnsafeBufferPointer(start: path.bytes, count: path.length)
        next[Int(event)] = SL_NO_EVENT_INDEX
        // Events of one place mostly follow one another: then no text is made.
        let known =
            lastGroup.flatMap { groups[$0].path.utf8.elementsEqual(bytes) ? $0 : nil }
            ?? groupByPath[String(decoding: bytes, as: UTF8.self)]
        if let known {
            next[Int(groups[known].last)] = event
            groups[known].last = event
            groups[known].events += 1
            return known
        }
        let text = String(decoding: bytes, as: UTF8.self)
        groupByPath[text] = groups.count
        groups.append(Group(path: text, first: event, last: event, events: 1))
        return groups.count - 1
    }

    /// The events themselves, in the order of the parts.
    private func keep(_ batch: borrowing EventBatch, _ bit: UInt64, _ parcel: Parcel) {
        let raw = UnsafePointer(batch.raw)
        if groups.isEmpty || path?.isLiteral != false {
            batch.forEachEvent { event in
                if event.pointee.outputs & bit != 0 { PackedEvents.append(event, of: raw, to: parcel.letters) }
            }
            return
        }
        for group in groups {
            var index = group.first
            while index != SL_NO_EVENT_INDEX {
                PackedEvents.append(raw.pointee.events + Int(index), of: raw, to: parcel.letters)
                index = next[Int(index)]
            }
        }
    }
}

/// The end of a chain of events (`SL_NO_EVENT`, whose type Swift does not see).
private let SL_NO_EVENT_INDEX = UInt32.max
