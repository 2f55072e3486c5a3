package import CSluice

/// Encoded records of one batch for one output, on their way to its thread.
///
/// A parcel stands on its own: the batch it was made from goes back to its input as soon as the lane is done with it. It has one
/// owner at a time (lane, then the output's queue, then the output).
package final class Parcel: @unchecked Sendable {
    // SAFETY: one owner at a time; each hand-over goes through a `Monitor`.

    /// Records for one place of the output, one behind the other.
    package struct Part: Sendable, Equatable {
        /// What the output's path template gave; nil for outputs without one and for literal paths.
        package let path: String?
        /// Bytes in this part.
        package var length: Int
        package var events: Int

        /// A part.
        package init(path: String?, length: Int, events: Int) {
            self.path = path
            self.length = length
            self.events = events
        }
    }

    /// All records, parts one after the other.
    package let bytes = UnsafeMutablePointer<sl_buffer>.allocate(capacity: 1)
    /// Never empty once the lane has filled the parcel.
    package var parts: [Part] = []
    /// Parts that were written whole: where a retry goes on.
    package var partsWritten = 0
    /// Bytes of the part at ``partsWritten`` that were written: an output whose write failed half way goes on behind them.
    package var partBytesWritten = 0
    /// The batch's promise; nil when it was kept already (the disk buffer has the parcel).
    package var delivery: Delivery?
    /// The events themselves (`sl_event_pack`), one behind the other, when the output may give up on a parcel; else empty.
    package let letters = UnsafeMutablePointer<sl_buffer>.allocate(capacity: 1)
    /// Events of parts that were in here and that the output gave up on, by where they go.
    package var refused: [Delivery.Group] = []

    /// An empty parcel.
    package init(delivery: Delivery?) {
        self.delivery = delivery
        bytes.initialize(to: sl_buffer())
        letters.initialize(to: sl_buffer())
    }

    deinit {
        sl_buffer_destroy(bytes)
        sl_buffer_destroy(letters)
        bytes.deallocate()
        letters.deallocate()
    }

    /// Events in all parts.
    package var events: Int { parts.reduce(0) { $0 + $1.events } }

    /// Bytes of records in all parts.
    package var byteCount: Int { bytes.pointee.length }
}
