package import SluiceComponent

/// What an output has done since the program started, and what waits for it.
///
/// At any instant `offered + restored = delivered + discardedNewest + discardedOldest + deadLettered + waiting + stored`, in parcels
/// and in events.
package struct OutputCounters: Sendable, Equatable {
    /// A number of parcels with what is in them.
    package struct Amount: Sendable, Equatable {
        package var parcels = 0
        package var events = 0
        /// Bytes of records.
        package var bytes = 0

        /// Nothing.
        package init() {}

        /// An amount.
        package init(parcels: Int, events: Int, bytes: Int) {
            self.parcels = parcels
            self.events = events
            self.bytes = bytes
        }

        /// One parcel.
        init(_ parcel: Parcel) { self.init(parcels: 1, events: parcel.events, bytes: parcel.byteCount) }

        /// What was taken out of a parcel, which goes on without it.
        init(part: Parcel) { self.init(parcels: 0, events: part.events, bytes: part.byteCount) }

        /// Several parcels.
        init(_ parcels: [Parcel]) { self = parcels.reduce(into: Amount()) { $0 += Amount($1) } }

        package static func += (left: inout Amount, right: Amount) {
            left.parcels += right.parcels
            left.events += right.events
            left.bytes += right.bytes
        }

        package static func -= (left: inout Amount, right: Amount) {
            left.parcels -= right.parcels
            left.events -= right.events
            left.bytes -= right.bytes
        }

        package static func + (left: Amount, right: Amount) -> Amount {
            var sum = left
            sum += right
            return sum
        }
    }

    /// What lanes have handed over, discarded parcels included.
    package var offered = Amount()
    /// What an earlier run left in the disk buffer; its bytes are those that count for the buffer's limit.
    package var restored = Amount()
    /// Written and committed.
    package var delivered = Amount()
    /// Refused by a full buffer with `drop_newest`.
    package var discardedNewest = Amount()
    /// Evicted from a full buffer by `drop_oldest`.
    package var discardedOldest = Amount()
    /// Given up and handed to the dead letters.
    package var deadLettered = Amount()
    /// In memory: waiting or being written.
    package var waiting = Amount()
    /// In the disk buffer, what is being written included; its bytes are those that count for the buffer's limit.
    package var stored = Amount()
    /// Calls made again after an error.
    package var retries = 0
    /// Calls of the output, or of its disk buffer, that failed.
    package var failures = 0
    /// What the output keeps about itself, as it was after the last batch or upkeep.
    package var own: [OutputCounter] = []
    /// Nanoseconds since 1970 UTC of the oldest parcel that has not been delivered; nil when there is none.
    package var oldest: Int64?
    /// Since when nothing could be delivered, nanoseconds since 1970 UTC; nil while the output works.
    package var failingSince: Int64?
    /// The sentence of the last error.
    package var lastError: String?
    /// When something was delivered last, nanoseconds since 1970 UTC.
    package var lastSuccess: Int64?

    /// Nothing yet.
    package init() {}

    /// Events that a full buffer cost.
    package var discardedEvents: Int { discardedNewest.events + discardedOldest.events }
}
