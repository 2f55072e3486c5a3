import CSluice
import SluiceComponent
import SluiceEvent

/// Which lane an event goes to.
///
/// By stream: a connection or file has one lane, so its order holds. By field: events with the same value have one lane, so order
/// holds per value within a stream, and rules' state by that value is in one place; a batch is then cut into one for each lane.
struct Partition: Sendable {
    let lanes: Int
    private let field: FieldKey?

    /// A partition; `field` nil is by stream.
    init(lanes: Int, field: FieldKey?) {
        self.lanes = lanes
        self.field = lanes > 1 ? field : nil
    }

    /// The batch's events by lane. The batch itself is used as it is when it goes to one lane; else its events are copied to
    /// batches of `pools`. Nil when `stop` was set, or a `deadline` (monotonic) has passed, before there were enough of those.
    func split(
        _ batch: BatchBox, pool: BatchPool, stream: UInt64, pools: [BatchPool], stop: StopFlag, until deadline: Int64? = nil
    ) -> [(lane: Int, box: BatchBox, pool: BatchPool)]? {
        guard let field else { return [(Int(stream % UInt64(lanes)), batch, pool)] }
        var boxes = [BatchBox?](repeating: nil, count: lanes)
        let raw = batch.events.raw
        var index = raw.pointee.first
        while index != UInt32.max {
            let event = raw.pointee.events + Int(index)
            let lane = lane(of: event, raw, field)
            if boxes[lane] == nil {
                guard let box = pools[lane].take(stop: stop, until: deadline) else {
                    for (lane, box) in boxes.enumerated() { if let box { pools[lane].give(box) } }
                    return nil
                }
                boxes[lane] = box
            }
            sl_event_copy(boxes[lane]!.events.raw, raw, event)
            index = event.pointee.next
        }
        return boxes.enumerated().compactMap { lane, box in box.map { (lane, $0, pools[lane]) } }
    }

    private func lane(of event: UnsafePointer<sl_event>, _ batch: UnsafePointer<sl_batch>, _ field: FieldKey) -> Int {
        guard let slot = sl_event_find(batch, event, field.id) else { return 0 }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        switch Int(slot.pointee.type) {
        case SL_STRING, SL_NUMBER, SL_OBJECT, SL_ARRAY:
            let start = batch.pointee.bytes + Int(slot.pointee.text.offset)
            for index in 0..<Int(slot.pointee.text.length) { add(start[index]) }
        default:
            withUnsafeBytes(of: slot.pointee.integer) { for byte in $0 { add(byte) } }
        }
        // The low bits of FNV-1a alone are weak for few lanes.
        return Int((hash ^ hash >> 32) % UInt64(lanes))
    }
}
