/// The stretch of an arena that a framer works on.
///
/// Positions are arena offsets. A framer moves ``position`` past what it has dealt with; bytes from ``position`` on that are
/// not part of a returned frame are presented again, at the start of the next window, when more bytes have come.
package struct FrameWindow {
    /// Start of the arena; valid for one call.
    package let base: UnsafePointer<UInt8>
    /// First byte not dealt with yet.
    package var position: Int
    /// Behind the last byte.
    package let limit: Int
    /// No byte will ever follow `limit`.
    package let isFinal: Bool

    /// A window from `position` to `limit`.
    @inlinable
    package init(base: UnsafePointer<UInt8>, position: Int, limit: Int, isFinal: Bool) {
        self.base = base
        self.position = position
        self.limit = limit
        self.isFinal = isFinal
    }
}

/// Cuts a byte stream into frames, incrementally: the same frames come out however the stream is cut into windows.
///
/// A framer is a value that belongs to one stream. The caller presents a window, calls ``next(_:)`` until it answers nil,
/// then presents a window that begins with the bytes from `position` on, followed by new ones. `SL_PADDING` readable bytes
/// follow `limit`, as they do in every arena. With `isFinal` every byte is
/// dealt with before nil is answered: a fragment that the stream's end cut off is a frame flagged `truncated`, unless the
/// framing lets the end of the stream end a frame (LF, NUL).
///
/// Memory is bounded by the caller through the frame limit: a framer never leaves more than `frameBytesMax` + 64 bytes
/// undealt with. State between calls (how far a search for the separator went, how much of an oversize frame is still to
/// be skipped) is relative to `position`, so that the window may move in memory.
package protocol Framer {
    /// The next frame, or nil when more bytes are needed. Never allocates.
    mutating func next(_ window: inout FrameWindow) -> Frame?

    /// Fills `frames` from its start and answers how many there are; fewer than it has room for means that more bytes are
    /// needed. One dynamic call per window instead of one per frame; the default is right for every framer.
    mutating func frames(in window: inout FrameWindow, into frames: UnsafeMutableBufferPointer<Frame>) -> Int

    /// A frame that is whole but waits for what may still belong to it (lines of a stack trace), given out at once because
    /// nothing has come for a while; `window` as for ``next(_:)`` after that has answered nil. Nil when there is none.
    mutating func flush(_ window: inout FrameWindow) -> Frame?

    /// Whether ``flush(_:)`` would give out a frame.
    var hasOpenFrame: Bool { get }

    /// Why the stream cannot go on; from then on all bytes are lost.
    var failure: FramingFailure? { get }

    /// What went wrong so far.
    var counts: FramingCounts { get }
}

extension Framer {
    /// Frame by frame.
    @inlinable
    package mutating func frames(
        in window: inout FrameWindow, into frames: UnsafeMutableBufferPointer<Frame>
    ) -> Int {
        var count = 0
        while count < frames.count, let frame = next(&window) {
            frames.initializeElement(at: count, to: frame)
            count += 1
        }
        return count
    }

    /// Nothing waits.
    @inlinable
    package mutating func flush(_ window: inout FrameWindow) -> Frame? { nil }

    /// Nothing waits.
    @inlinable
    package var hasOpenFrame: Bool { false }

    /// The stream can go on.
    @inlinable
    package var failure: FramingFailure? { nil }
}

/// Why a framer refuses the rest of its stream.
package enum FramingFailure: Sendable, Equatable {
    /// A frame was longer than the limit and the policy is ``OversizePolicy/error``.
    case oversize(frameBytesMax: Int)

    /// A sentence for the user.
    package var message: String {
        switch self {
        case .oversize(let limit):
            "frame exceeds `max_frame_size` (\(limit) bytes) and `oversize` is `error`; the rest of the stream is not read"
        }
    }
}

/// What a framer has to answer for.
package struct FramingCounts: Sendable, Equatable {
    /// Frames given out.
    package var frames = 0
    /// Frames longer than the limit (cut, dropped or refused by the policy).
    package var oversize = 0
    /// Bytes that belong to no frame: cut off, dropped or skipped while looking for a frame's start. Separators are not counted.
    package var bytesLost = 0
    /// Wrong octet counts, missing or stray separators.
    package var errors = 0
    /// Streams that ended inside a frame whose end must be marked.
    package var incomplete = 0

    /// Nothing yet.
    package init() {}

    /// The sum of two streams' counts.
    package func adding(_ other: FramingCounts) -> FramingCounts {
        var sum = self
        sum.frames += other.frames
        sum.oversize += other.oversize
        sum.bytesLost += other.bytesLost
        sum.errors += other.errors
        sum.incomplete += other.incomplete
        return sum
    }
}

/// What happens to a frame that is longer than the limit.
package enum OversizePolicy: String, CaseIterable, Sendable {
    /// Keep the first `frameBytesMax` bytes, flag the event, count the rest as lost.
    case truncate
    /// Skip the frame and count it.
    case drop
    /// Report an error; a stream cannot go on after it.
    case error
}
