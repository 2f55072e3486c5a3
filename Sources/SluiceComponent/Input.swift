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

/// What an input gets from the program that runs it. Every call is made from the input's own thread.
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

    /// An empty batch to fill; waits while all batches of this input are on their way. Nil when it would have to wait and the input
    /// has to end: as long as a batch is free, what was read whole can still be sent.
    func takeBatch() -> BatchBox?

    /// Hands a batch on and waits while its lane is busy. `stream` (a connection, a file) keeps its order; `bytes` are the input
    /// bytes behind the batch, for the bound of what is in flight; `positions` are those behind it. A batch without events
    /// moves the positions all the same.
    func send(_ batch: BatchBox, stream: UInt64, bytes: Int, positions: [Position])

    /// Keeps a frame that a strict decoder refused as a dead letter.
    func refuse(_ raw: UnsafeRawBufferPointer, reason: String)

    /// Counts events that were sent again after a crash (an upper bound), or lost for a reason that the name says.
    func count(_ counter: InputCounter, _ more: Int)
}

/// What an input counts of itself.
package enum InputCounter: String, CaseIterable, Sendable {
    /// Bytes read; counted by the program from what is sent.
    case bytesRead
    /// Events re-read from behind the highest position handed to an output before a crash: an upper bound.
    case replayed
    /// Frames longer than `max_frame_size`.
    case oversizeFrames
    /// Bytes that belong to no frame.
    case bytesLost
    /// Frames that a strict decoder refused; counted by the program.
    case refusedFrames
    /// Times that what is read was opened or started.
    case opened
    /// Times that opening or reading failed.
    case failures
}

/// Where an input stands in one of its streams, in a form that survives a restart.
package struct Position: Sendable, Equatable {
    /// Names the stream within the input, such as device, inode and fingerprint of a file.
    package let key: String
    /// What the input makes of it (JSON text, a cursor); nil when the stream is gone and the position can be forgotten.
    package let value: String?

    /// A position.
    package init(key: String, value: String?) {
        self.key = key
        self.value = value
    }
}

/// A batch that threads hand on to one another.
package final class BatchBox: @unchecked Sendable {
    // SAFETY: one owner at a time; each hand-over goes through a `Monitor`.
    package let events = EventBatch()

    /// An empty batch.
    package init() {}
}
