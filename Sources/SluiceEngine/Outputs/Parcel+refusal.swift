import CSluice
import Glibc
import SluiceComponent
import SluiceEvent

extension Parcel {
    /// Whether giving up on the part that comes next leaves others.
    var hasSeveralParts: Bool { parts.count > 1 && partsWritten < parts.count }

    /// Takes the part that comes next, its bytes and its events out, as a parcel that nobody waits for. This one goes on without it
    /// and notes where the events would have gone (``Parcel/refused``).
    func takeNextPart() -> Parcel {
        let index = partsWritten
        let start = parts[..<index].reduce(0) { $0 + $1.length }
        let eventsBefore = parts[..<index].reduce(0) { $0 + $1.events }
        let part = parts.remove(at: index)
        partBytesWritten = 0
        let taken = Parcel(delivery: nil)
        taken.parts = [part]
        Self.move(start..<start + part.length, of: bytes, to: taken.bytes)
        Self.move(PackedEvents.range(of: part.events, behind: eventsBefore, in: letters), of: letters, to: taken.letters)
        refused += Self.groups(taken)
        return taken
    }

    private static func move(_ range: Range<Int>, of buffer: UnsafeMutablePointer<sl_buffer>, to other: UnsafeMutablePointer<sl_buffer>) {
        guard !range.isEmpty, let bytes = buffer.pointee.bytes else { return }
        sl_buffer_append(other, bytes + range.lowerBound, range.count)
        // SAFETY: the range lies in the buffer's used bytes.
        memmove(bytes + range.lowerBound, bytes + range.upperBound, buffer.pointee.length - range.upperBound)
        buffer.pointee.length -= range.count
    }

    /// The part's events by the outputs that they go to; without the events at hand nobody knows.
    private static func groups(_ part: Parcel) -> [Delivery.Group] {
        let batch = EventBatch()
        PackedEvents.unpack(part.letters, into: batch)
        let groups = DeliveryGroups.of(batch)
        return groups.isEmpty ? [Delivery.Group(outputs: 0, events: part.events)] : groups
    }
}
