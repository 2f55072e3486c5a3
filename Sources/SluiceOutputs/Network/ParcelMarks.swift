import CSluice
import SluiceComponent

/// Where parcels stood before a destination got something of them: they are set back when it turns out that it did not arrive.
struct ParcelMarks {
    private struct Mark {
        let parcel: Parcel
        let partsWritten: Int
        let partBytesWritten: Int
    }

    private var marks: [Mark] = []

    /// Whether nothing waits for a confirmation.
    var isEmpty: Bool { marks.isEmpty }

    /// Notes a parcel before it is written.
    mutating func add(_ parcel: Parcel) {
        if let last = marks.last, last.parcel === parcel { return }
        marks.append(Mark(parcel: parcel, partsWritten: parcel.partsWritten, partBytesWritten: parcel.partBytesWritten))
    }

    /// The bytes of each parcel that were written since it was noted, in order.
    var written: [UnsafeRawBufferPointer] {
        marks.map { mark in
            let begin = mark.parcel.parts[..<mark.partsWritten].reduce(0) { $0 + $1.length } + mark.partBytesWritten
            // SAFETY: both places lie within the parcel's bytes.
            return UnsafeRawBufferPointer(
                start: mark.parcel.bytes.pointee.bytes.map { $0 + begin }, count: mark.parcel.bytesWritten - begin)
        }
    }

    /// Everything has arrived.
    mutating func confirm() { marks.removeAll(keepingCapacity: true) }

    /// Sets all parcels back; the engine writes them again.
    mutating func rollBack() {
        for mark in marks.reversed() {
            mark.parcel.partsWritten = mark.partsWritten
            mark.parcel.partBytesWritten = mark.partBytesWritten
        }
        marks.removeAll(keepingCapacity: true)
    }
}
