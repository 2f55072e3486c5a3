import Logging
import SluiceComponent
import SluiceEvent
import SluiceNetwork

/// Frames to batches: unpacks payloads and sends their events with the sender's position. What is no event is a dead letter, because it
/// would come again and again.
struct FrameUnpacking {
    /// A room above this is given back to the system.
    private static let keptBytesMax = 4 << 20

    private let session: any InputSession
    private let records = PackedRecords()
    private var room: [UInt8] = []

    /// For the frames of one input.
    init(_ session: any InputSession) { self.session = session }

    /// Sends the events of a frame; false when the input has to end and there was no batch for them.
    mutating func send(_ frame: TransferFeeder.Frame) -> Bool {
        guard let box = session.takeBatch() else { return false }
        unpack(frame, to: box)
        if frame.isRepeated { session.count(.replayed, box.events.count) }
        session.send(
            box, stream: frame.position.identity.low, bytes: frame.data.payload.count, positions: [frame.position.saved])
        return true
    }

    private mutating func unpack(_ frame: TransferFeeder.Frame, to box: BatchBox) {
        let data = frame.data
        if data.compression == .none {
            data.payload.withUnsafeBytes { append($0, frame, to: box) }
            return
        }
        if room.count < data.plainBytes { room = [UInt8](repeating: 0, count: data.plainBytes) }
        let isWhole = data.payload.withUnsafeBytes { payload in
            room.withUnsafeMutableBytes { room in
                data.compression.unpack(payload, into: UnsafeMutableRawBufferPointer(rebasing: room[..<data.plainBytes]))
            }
        }
        if isWhole {
            room.withUnsafeBytes { append(UnsafeRawBufferPointer(rebasing: $0[..<data.plainBytes]), frame, to: box) }
        } else {
            data.payload.withUnsafeBytes { refuse($0, frame, "its payload is no \(data.compression.name) of \(data.plainBytes) bytes") }
        }
        if room.count > Self.keptBytesMax { room = [] }
    }

    private func append(_ payload: UnsafeRawBufferPointer, _ frame: TransferFeeder.Frame, to box: BatchBox) {
        let outcome = records.append(payload, eventsMax: frame.data.events, peer: frame.peer, to: box.events)
        for range in outcome.refused { refuse(UnsafeRawBufferPointer(rebasing: payload[range]), frame, "a record that is no event") }
        if outcome.rest > 0 {
            let rest = UnsafeRawBufferPointer(rebasing: payload[(payload.count - outcome.rest)...])
            refuse(rest, frame, "bytes behind its \(outcome.events + outcome.refused.count) records, and it said \(frame.data.events)")
        }
    }

    private func refuse(_ bytes: UnsafeRawBufferPointer, _ frame: TransferFeeder.Frame, _ reason: String) {
        session.refuse(bytes, reason: "frame \(frame.data.sequence) of sender \(frame.position.identity): \(reason)")
    }

    /// Positions of these senders are not needed any more.
    func forget(_ identities: [TransferIdentity]) {
        guard let box = session.takeBatch() else { return }
        session.send(
            box, stream: 0, bytes: 0, positions: identities.map { Position(key: $0.description, value: nil) })
    }
}
