internal import CSluice
internal import SluiceEvent

/// Joins the parts that a container runtime cuts long lines into, per stream of the container.
///
/// A part is kept as bytes until the last part of its line comes; that one's event gets the joined message, the first part's
/// time and the bytes of all parts as `raw` (with LF between them). Bounded: a line longer than `bytesMax` goes on in pieces,
/// each an event of its own that is flagged.
struct PartialLines {
    /// A line whose end has not come.
    private struct Part {
        let stream: [UInt8]
        let timeNs: Int64
        let timeDetail: UInt32
        var message: [UInt8]
        var raw: [UInt8]
        var flags: EventFlags
        var escaped: UInt8
        var clean: UInt8
    }

    private var open: [Part] = []
    private let bytesMax: Int
    private let format: FormatName

    /// Streams with an open line at most; parts of further ones are not joined.
    private static let streamsMax = 16

    init(bytesMax: Int, format: FormatName) {
        self.bytesMax = bytesMax
        self.format = format
    }

    var isEmpty: Bool { open.isEmpty }

    /// Frames since the oldest open line began, that one included.
    private(set) var openFrames = 0

    /// A frame was dealt with.
    mutating func passFrame() { openFrames = open.isEmpty ? 0 : openFrames + 1 }

    /// Takes the batch's last event, a part that more follows. False when it cannot be kept back: the event stays.
    mutating func keep(_ event: ContainerEvent) -> Bool {
        guard event.message.length <= bytesMax, event.raw.length <= 8 * bytesMax + 4096 else { return false }
        let flags = event.messageFlags
        if let index = index(of: event) {
            if open[index].message.count + Int(event.message.length) > bytesMax { return false }
            open[index].message += event.bytes(event.message)
            open[index].raw.append(0x0A)
            open[index].raw += event.bytes(event.raw)
            open[index].flags.formUnion(event.flags)
            open[index].escaped |= flags & UInt8(SL_ESCAPED)
            open[index].clean &= flags & UInt8(SL_CLEAN)
        } else {
            guard open.count < Self.streamsMax else { return false }
            open.append(
                Part(
                    stream: Array(event.bytes(event.stream)), timeNs: event.time.ns, timeDetail: event.time.detail,
                    message: Array(event.bytes(event.message)), raw: Array(event.bytes(event.raw)), flags: event.flags,
                    escaped: flags & UInt8(SL_ESCAPED), clean: flags & UInt8(SL_CLEAN)))
        }
        sl_event_cancel(event.batch)
        return true
    }

    /// Puts the parts that were kept back before the message of the batch's last event. `isLast`: the line ends with it.
    mutating func join(_ event: ContainerEvent, isLast: Bool) {
        guard let index = index(of: event) else { return }
        var part = open.remove(at: index)
        let flags = event.messageFlags
        part.message += event.bytes(event.message)
        part.raw.append(0x0A)
        part.raw += event.bytes(event.raw)
        part.escaped |= flags & UInt8(SL_ESCAPED)
        part.clean &= flags & UInt8(SL_CLEAN)
        part.flags.formUnion(isLast ? .partialJoined : [.partialJoined, .multilineLimit])
        event.replace(
            message: part.message, flags: part.escaped | part.clean, raw: part.raw, time: (part.timeNs, part.timeDetail),
            eventFlags: part.flags)
    }

    /// Makes events of all open lines, in the order in which they began.
    mutating func flush(received: Int64, to batch: UnsafeMutablePointer<sl_batch>) {
        for part in open {
            let raw = ContainerEvent.append(part.raw, to: batch)
            let message = ContainerEvent.append(part.message, to: batch)
            let stream = ContainerEvent.append(part.stream, to: batch)
            _ = batch.begin(raw: raw, flags: part.flags, received: received, format: format)
            if part.timeNs != Int64.min {
                _ = sl_event_add_time(batch, UInt16(SL_KEY_TIMESTAMP), part.timeNs, part.timeDetail)
            }
            _ = batch.add(UInt16(SL_KEY_STREAM), text: stream)
            _ = sl_event_add_integer(batch, UInt16(SL_KEY_PARTIAL), UInt8(SL_TRUE), 0)
            _ = batch.add(UInt16(SL_KEY_MESSAGE), text: message, flags: Int(part.escaped | part.clean))
            batch.end()
        }
        removeAll()
    }

    /// Forgets open lines.
    mutating func removeAll() {
        open.removeAll()
        openFrames = 0
    }

    private func index(of event: ContainerEvent) -> Int? {
        let stream = event.bytes(event.stream)
        return open.firstIndex { $0.stream.elementsEqual(stream) }
    }
}
