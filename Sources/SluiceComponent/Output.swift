package import Logging
import SluiceEvent

/// Writes encoded records to one configured destination.
///
/// An output has one thread and is used by it alone. The thread calls ``write(_:)`` for each parcel in order; when a call throws it
/// waits as the output's retry policy says and calls again with the same parcel, which remembers how much of it was written
/// (`partsWritten`, `partBytesWritten`). After one or more parcels it calls ``commit()``; only when that has returned do they
/// count as delivered; a commit that threw is tried again. ``tend(now:)`` is called when the output has been idle and when the
/// moment it asked for has come.
///
/// An output that cannot be opened at the start throws from its first `write`: a missing folder or a full disk is an operating
/// error that is retried, not a reason not to start. Waiting inside a call (a pipe that nobody reads) must end when
/// ``OutputContext/stop`` is set.
package protocol Output: AnyObject {
    /// Writes what of the parcel was not written yet.
    func write(_ parcel: Parcel) throws(OutputError)

    /// Makes what was written lasting by the output's policy (flush of compression, `fsync`).
    func commit() throws(OutputError)

    /// Work that time brings: rotation, closing of idle files. `now` is nanoseconds since 1970 UTC; answers when it has to be
    /// called again at the latest, nil when there is nothing to wait for.
    func tend(now: Int64) throws(OutputError) -> Int64?

    /// The files' names may mean other files now (logrotate): close and open anew.
    func reopen()

    /// The end: writes what is still held back and closes. Not called again.
    func close() throws(OutputError)

    /// What only this output knows about itself, for `status` and metrics: always the same names in the same order. Asked for on
    /// the output's own thread.
    var counters: [OutputCounter] { get }
}

/// A number that an output keeps about itself.
package struct OutputCounter: Sendable, Equatable {
    /// What it counts, one of ``declarations`` (`files_open`).
    package let name: String
    package let value: Int
    /// Whether it only grows; else it is the state of the moment.
    package let isTotal: Bool

    /// A counter.
    package init(_ name: String, _ value: Int, isTotal: Bool = true) {
        self.name = name
        self.value = value
        self.isTotal = isTotal
    }
}

extension Output {
    /// Nothing to make lasting.
    package func commit() throws(OutputError) {}

    /// Nothing to do.
    package func tend(now: Int64) throws(OutputError) -> Int64? { nil }

    /// Nothing to open anew.
    package func reopen() {}

    /// Nothing that the program does not count itself.
    package var counters: [OutputCounter] { [] }
}

/// What an output gets from the program that runs it.
package struct OutputContext: Sendable {
    /// The output's name in the configuration.
    package let name: String
    /// Set when the output has to end at once, without writing what is left.
    package let stop: StopFlag
    /// Nanoseconds since 1970 UTC.
    package let now: @Sendable () -> Int64
    package let log: Logger

    /// A context.
    package init(name: String, stop: StopFlag, now: @escaping @Sendable () -> Int64, log: Logger) {
        self.name = name
        self.stop = stop
        self.now = now
        self.log = log
    }
}
