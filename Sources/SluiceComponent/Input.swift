package import Logging
package import SluiceEvent

/// A configured source of events, with a thread of its own.
///
/// `run` takes empty batches from its session, fills them (reading, framing, decoding) and sends them on with the positions that
/// the input has reached with them. It returns when the input has come to its end for good (standard input closed) or soon after
/// ``InputSession/stop`` is set; it throws what an operator has to hear of, and is run again after a pause.
///
/// *Positions.* `send` takes the positions *behind* the batch, in the same call: the program saves them once every event of every
/// batch up to there was answered, together with the rules' state of that very moment. After a crash `run` finds the saved ones in
/// ``InputSession/positions`` and reads on from there: at least once. An input has nothing to confirm and nothing to count.
package protocol Input: AnyObject, Sendable {
    /// Reads until the end or the stop.
    func run(_ session: any InputSession) throws(InputError)
}

/// What an input gets from the program that runs it.
///
/// Every call may be made from any thread that the input has started itself and ends before `run` returns. Batches of one stream
/// are sent from one thread at a time, and so are positions of one key.
package protocol InputSession: AnyObject, Sendable {
    /// The input's name in the configuration.
    var name: String { get }
    /// Set when the input has to end: what was read whole is sent on, nothing more is read.
    var stop: StopFlag { get }
    /// Nanoseconds since 1970 UTC.
    var now: Int64 { get }
    var log: Logger { get }
    /// Positions that were saved, by key, when the input was started.
    var positions: [String: Position] { get }
    /// Whether the last run ended without saying goodbye: then what is re-read behind a saved position counts as replayed.
    var isRecovering: Bool { get }

    /// How many lanes there are: what streams with numbers that are equal modulo it send goes to one lane, unless events are
    /// partitioned by a field. An input with many streams collects those of one lane in one batch.
    var lanes: Int { get }

    /// Whether the next batch, or sending it, would have to wait: for inputs whose sender can be told to come again later.
    var isCongested: Bool { get }

    /// An empty batch to fill; waits while all batches of this input are on their way. Nil when it would have to wait and the input
    /// has to end: as long as a batch is free, what was read whole can still be sent.
    func takeBatch() -> BatchBox?

    /// Hands a batch on and waits while its lane is busy. `stream` (a connection, a file) keeps its order; `bytes` are the input
    /// bytes behind the batch, for the bound of what is in flight; `positions` are those behind it. A batch without events
    /// moves the positions all the same, and needs no room.
    ///
    /// False when the input has to end and the batch was taken by nobody. With positions that is no loss: what is behind them is read
    /// again, and what follows with events in it moves no position either. A batch without positions is offered for a while also behind the
    /// stop, and who cannot have its events again counts them. Nothing that is asked for behind it is confirmed.
    @discardableResult
    func send(_ batch: BatchBox, stream: UInt64, bytes: Int, positions: [Position]) -> Bool

    /// Puts a batch back that nothing came into.
    func giveBack(_ batch: BatchBox)

    /// Calls `body` once, on another thread, when every event that the calling thread has sent so far was answered by its outputs,
    /// and dead letters and rules' state from before are on disk: what may be acknowledged to a sender. `false` when the input or
    /// the program ended first, or something that was sent before was given up; then it is unknown whether they were.
    func whenConfirmed(_ body: @escaping @Sendable (Bool) -> Void)

    /// Keeps a frame that a strict decoder refused as a dead letter.
    func refuse(_ raw: UnsafeRawBufferPointer, reason: String)

    /// Adds to a counter; for a gauge `more` may be negative.
    func count(_ counter: InputCounter, _ more: Int)

    /// What is known of the hosts that the input fetches from, for status and metrics; takes the place of what was said before.
    func report(_ hosts: [HostStatus])

    /// What the program itself logs, for the input that makes events of it; nil where there is no such log.
    var ownLog: LogFeed? { get }
}

extension InputSession {
    /// Most sessions of tests have nobody who would look.
    package func report(_ hosts: [HostStatus]) {}

    /// No log.
    package var ownLog: LogFeed? { nil }
}

/// Where an input stands in one of its streams, in a form that survives a restart.
package struct Position: Sendable, Equatable {
    /// Names the stream within the input, such as device, inode and fingerprint of a file. One that begins with a dot is that of a mark.
    package let key: String
    /// What the input makes of it (JSON text, a cursor); nil when the stream is gone and the position can be forgotten.
    package let value: String?

    /// A position.
    package init(key: String, value: String?) {
        self.key = key
        self.value = value
    }

    /// Whether it is no place in a stream but something else that the input wants to know after a restart.
    package var isMark: Bool { key.hasPrefix(".") }
}

/// A batch that threads hand on to one another.
package final class BatchBox: @unchecked Sendable {
    // SAFETY: one owner at a time; each hand-over goes through a `Monitor`.
    package let events = EventBatch()

    /// An empty batch.
    package init() {}
}
