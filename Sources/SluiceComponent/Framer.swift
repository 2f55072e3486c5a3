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
/// then presents a window that begins with the bytes from `position` on, followed by new ones. With `isFinal` every byte is
/// dealt with before nil is answered: a fragment that the stream's end cut off is a frame flagged `truncated`, unless the
/// framing lets the end of the stream end a frame (LF, NUL).
///
/// Memory is bounded by the caller through the frame limit: a framer never leaves more than `frameBytesMax` + 64 bytes
/// undealt with. State between calls (how far a search for the separator went, how much of an oversize frame is still to
/// be skipped) is relative to `position`, so that the window may move in memory.
package protocol Framer {
    /// The next frame, or nil when more bytes are needed. Never allocates.
    mutating func next(_ window: inout FrameWindow) -> Frame?

    /// What went wrong so far.
    var counts: FramingCounts { get }
}

/// What a framer has to answer for.
package struct FramingCounts: Sendable, Equatable {
    /// Frames given out.
    package var frames = 0
    /// Frames longer than the limit (cut, dropped or refused by the policy).
    package var oversize = 0
    /// Bytes that belong to no frame: cut off, dropped or skipped while looking for a frame's start. Separators are not counted.
    package var bytesLost = 0
    /// Wrong octet counts, missing or stray separators, streams that ended inside a counted frame.
    package var errors = 0

    /// Nothing yet.
    package init() {}
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
