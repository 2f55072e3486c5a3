import CSluice
import SluiceComponent
import SluiceEvent
import SluiceFraming

/// The bytes of one connection on their way into the batch of its lane.
///
/// What no frame took is kept here between two reads; a connection from which nothing waits costs a few hundred bytes, one from which
/// nothing has ever come even less.
struct ReceivedStream: ~Copyable {
    /// What became of bytes.
    enum Outcome: Equatable {
        /// So many events.
        case events(Int)
        /// The peer speaks something else: the connection is to be closed.
        case foreign(ForeignProtocol)
        /// Framing cannot go on: the connection is to be closed.
        case failed(FramingFailure)
    }

    private let sender: EventSender
    private let lane: Int
    private let decodingIndex: Int
    private var decoder: StreamDecoder?
    private var carried = CarriedBytes()
    /// The first bytes are still looked at.
    private var isLooking = true
    private var placed: (serial: UInt64, sender: EventFilling.Placed)?

    /// A stream that nothing has come from.
    init(_ sender: EventSender, lane: Int, decodingIndex: Int) {
        self.sender = sender
        self.lane = lane
        self.decodingIndex = decodingIndex
    }

    /// Whether lines wait for what may still belong to their record.
    var hasOpenFrame: Bool { decoder?.hasOpenFrame ?? false }

    /// Whether a frame has begun whose end has not come.
    var isMidFrame: Bool { carried.count > 0 && !hasOpenFrame }

    /// Takes bytes in; with `isFinal` nothing will follow them.
    mutating func received(
        _ bytes: UnsafeRawBufferPointer, isFinal: Bool = false, by reception: StreamReception
    ) -> Outcome {
        guard !isFinal || carried.count > 0 || decoder != nil else { return .events(0) }
        guard let box = reception.batches.take(lane) else {
            reception.batches.lose(bytes: carried.count + bytes.count)
            carried.replace(with: UnsafeRawBufferPointer(start: nil, count: 0))
            return .events(0)
        }
        let start = box.events.byteCount
        let first = box.events.count
        let convertedBytes = decoder == nil ? 0 : carried.count
        _ = box.events.append(carried.bytes)
        _ = box.events.append(bytes)
        reception.batches.received(bytes.count, lane)
        if isLooking {
            switch ForeignProtocol.look(box.events.bytes(from: start)) {
            case .undecided where !isFinal:
                carry(box.events, from: start, to: box.events.byteCount)
                box.events.cut(to: start)
                return .events(0)
            case .foreign(let found):
                carried.replace(with: UnsafeRawBufferPointer(start: nil, count: 0))
                box.events.cut(to: start)
                return .foreign(found)
            case .undecided, .none: isLooking = false
            }
        }
        if decoder == nil { decoder = StreamDecoder(reception.shared(decodingIndex)) }
        decoder?.bytesCame(box.events, from: start + convertedBytes)
        let limit = box.events.byteCount
        let endsOpen = isFinal && limit > start && reception.isOpenEnd(box.events.bytes(from: start), decodingIndex)
        let rest = decoder?.decode(box.events, from: start, isFinal: isFinal, session: reception.session) ?? limit
        carry(box.events, from: min(rest, limit), to: limit)
        if endsOpen, box.events.count > first { reception.flagFragment(box.events) }
        return finish(box, first: first, start: start, reception)
    }

    /// Nothing has come for a while: lines that wait for further ones become an event.
    mutating func flush(by reception: StreamReception) -> Outcome {
        guard hasOpenFrame, let box = reception.batches.take(lane) else { return .events(0) }
        let start = box.events.byteCount
        let first = box.events.count
        _ = box.events.append(carried.bytes)
        let limit = box.events.byteCount
        let rest = decoder?.flush(box.events, from: start, session: reception.session) ?? limit
        carry(box.events, from: min(rest, limit), to: limit)
        return finish(box, first: first, start: start, reception)
    }

    /// Gives the new events what is known of their sender, and drops those that are too many.
    private mutating func finish(_ box: BatchBox, first: Int, start: Int, _ reception: StreamReception) -> Outcome {
        let isCompressed = reception.dropCompressed(box.events, from: first)
        let count = box.events.count - first
        if count > 0 { reception.limit(box.events, from: first, sender) }
        if box.events.count > first {
            let serial = reception.batches.serial(lane)
            if placed?.serial != serial { placed = (serial, reception.place(sender, in: box.events, decodingIndex)) }
            if let placed { reception.fill(box.events, from: first, of: placed.sender, decodingIndex) }
        } else {
            // Nothing refers to these bytes: reads that bring no whole frame do not fill a batch.
            box.events.cut(to: start)
        }
        if !reception.batches.sendIfLarge(lane) { reception.planSending() }
        if isCompressed { return .foreign(.compressed) }
        if let failure = decoder?.failure { return .failed(failure) }
        return .events(count)
    }

    private mutating func carry(_ batch: borrowing EventBatch, from position: Int, to limit: Int) {
        let rest = sl_span(offset: UInt32(position), length: UInt32(limit - position))
        carried.replace(with: rest.length > 0 ? batch.bytes(rest) : UnsafeRawBufferPointer(start: nil, count: 0))
    }
}

extension EventBatch {
    /// Everything in the arena from a place on; valid until it grows.
    fileprivate borrowing func bytes(from start: Int) -> UnsafeRawBufferPointer {
        bytes(sl_span(offset: UInt32(start), length: UInt32(byteCount - start)))
    }

    /// Forgets the end of the arena, which nothing refers to.
    fileprivate borrowing func cut(to length: Int) { raw.pointee.length = UInt32(length) }
}
