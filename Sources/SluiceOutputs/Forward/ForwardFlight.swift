import SluiceComponent

/// The chunks that were sent on a connection and not acknowledged yet, and where their parcels stood before. Pure.
///
/// When the connection is lost, each parcel is set back to its first chunk that was not acknowledged: only what may not have arrived goes
/// out again.
struct ForwardFlight {
    private struct Sent {
        let name: [UInt8]
        let parcel: Parcel
        let partsWritten: Int
        let partBytesWritten: Int
    }

    private var sent: [Sent] = []

    /// Chunks on their way.
    var count: Int { sent.count }

    /// A chunk of a parcel is about to be sent, from where the parcel stands now.
    mutating func add(_ name: [UInt8], of parcel: Parcel) {
        sent.append(
            Sent(name: name, parcel: parcel, partsWritten: parcel.partsWritten, partBytesWritten: parcel.partBytesWritten))
    }

    /// A chunk has arrived; false when it is none of these.
    mutating func acknowledged(_ name: [UInt8]) -> Bool {
        guard let index = sent.firstIndex(where: { $0.name == name }) else { return false }
        sent.remove(at: index)
        return true
    }

    /// Everything has arrived.
    mutating func arrived() { sent.removeAll(keepingCapacity: true) }

    /// The connection is lost: sets the parcels back. Answers how many chunks go out again.
    mutating func abandon() -> Int {
        let count = sent.count
        // From the last to the first, so that the first of each parcel counts.
        for chunk in sent.reversed() {
            chunk.parcel.partsWritten = chunk.partsWritten
            chunk.parcel.partBytesWritten = chunk.partBytesWritten
        }
        sent.removeAll(keepingCapacity: true)
        return count
    }
}
