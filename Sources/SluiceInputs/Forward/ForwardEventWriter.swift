import CSluice
import SluiceDecoding
import SluiceEvent

/// Writes the events of one message into the batches that they go into; what all of them share is written once a batch.
struct ForwardEventWriter {
    private let tag: UnsafeRawBufferPointer
    private let sender: EventSender
    private var serial: UInt64 = 0
    private var first = 0
    private var placed: (tag: sl_span, sender: EventFilling.Placed)?

    /// A writer of a message's events; the tag stays where it is as long as this lives.
    init(_ tag: UnsafeRawBufferPointer, _ sender: EventSender) {
        self.tag = tag
        self.sender = sender
    }

    /// Whether ``finish(_:_:)`` has something to do.
    var hasWritten: Bool { placed != nil }

    /// Writes the event of an entry, or answers what is wrong with it. `serial` tells one batch from the next.
    mutating func write(
        _ entry: ForwardEntry, to batch: borrowing EventBatch, serial: UInt64, received: Int64, _ decoder: ForwardEventDecoder,
        _ filling: EventFilling
    ) -> MessagePackFault? {
        guard let body = entry.body else { return .notAnEntry }
        if placed == nil || self.serial != serial {
            guard let place = decoder.place(tag: tag, in: batch) else { return .tooLarge }
            placed = (place, filling.place(sender, in: batch))
            self.serial = serial
            first = batch.count
        }
        guard let placed else { return .tooLarge }
        return decoder.decode(entry.bytes, body: body, tag: placed.tag, received: received, into: batch)
    }

    /// Gives the events that were written to a batch, before it is sent or others write to it, what is known of their sender.
    mutating func finish(_ batch: borrowing EventBatch, _ filling: inout EventFilling) {
        if let placed { filling.fill(batch, from: first, of: placed.sender) }
        placed = nil
    }
}
