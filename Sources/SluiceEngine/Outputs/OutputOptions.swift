import SluiceComponent

/// How parcels wait for an output, leave in batches and are tried again: the options that every output has.
package struct OutputOptions: Sendable, Equatable {
    /// What is written between two commits.
    package struct Batch: Sendable, Equatable {
        /// Bytes of records after which a batch leaves; a single larger parcel leaves alone.
        package var maxBytes = 1 << 20
        /// Events after which a batch leaves.
        package var maxEvents = 10_000
        /// Nanoseconds that the oldest parcel waits for others; 0: a batch is what there is when the output is free.
        package var maxTime: Int64 = 0

        /// The standard batch.
        package init() {}
    }

    /// What happens after an error.
    package struct Retry: Sendable, Equatable {
        /// Nanoseconds before the first repetition; each further wait is twice as long.
        package var initial: Int64 = 500_000_000
        /// Nanoseconds that no wait exceeds.
        package var max: Int64 = 30_000_000_000
        /// How much shorter than that a wait may be by chance, so that many hosts do not come back at the same moment.
        package var jitterPercent = 20
        /// Failed attempts after which a parcel is given up; 0: never.
        package var maxAttempts = 0

        /// The standard policy: for ever.
        package init() {}

        /// The waits of a row of failures.
        var backoff: Backoff { Backoff(initial: initial, longest: max, jitterPercent: jitterPercent) }
    }

    /// Where parcels wait.
    package struct Buffer: Sendable, Equatable {
        /// The kinds of buffers.
        package enum Kind: String, Sendable, CaseIterable {
            case memory, disk
        }

        /// What happens to a parcel that does not fit.
        package enum WhenFull: String, Sendable, CaseIterable {
            /// Its lane waits, and with it the inputs.
            case block
            /// It is discarded and counted.
            case dropNewest = "drop_newest"
            /// The parcels that wait longest are discarded and counted until it fits.
            case dropOldest = "drop_oldest"
        }

        package var kind = Kind.memory
        /// Bytes that may wait, those kept for dead letters included; what is being written is not among them.
        package var maxBytes = 64 << 20
        /// Events that may wait.
        package var maxEvents = 100_000
        package var whenFull = WhenFull.block

        /// The standard buffer: in memory.
        package init() {}

        /// The standard buffer on disk: 1 GiB, whatever the number of events.
        package static var disk: Buffer {
            var buffer = Buffer()
            buffer.kind = .disk
            buffer.maxBytes = 1 << 30
            buffer.maxEvents = Int.max
            return buffer
        }
    }

    package var batch = Batch()
    package var retry = Retry()
    package var buffer = Buffer()

    /// The standard options.
    package init() {}

    /// Whether the output may ever give up on a parcel because it was tried too often; lanes keep the events then.
    package var mayGiveUp: Bool { retry.maxAttempts > 0 }
}
