import CSluice
import SluiceComponent
import SluiceEvent

/// Cuts lines: the state machine behind every framing in which a byte ends a frame.
///
/// A line that is longer than the limit is noticed at `bytesMax` + 2 bytes at the latest, given out or dropped there, and the
/// rest is skipped as it comes, so that no more than that is ever kept.
struct LineCutter {
    /// What one step did.
    enum Step {
        case frame(Frame)
        /// A line without frame (empty or dropped) was passed: at the start of the next one.
        case passed
        /// More bytes are needed.
        case starved
    }

    private let first: UInt8
    private let second: UInt8
    private let bytesMax: Int
    private let policy: OversizePolicy
    private let trimsCR: Bool
    private let skipsEmpty: Bool
    /// Bytes from the window's position on that hold no separator.
    private var scanned = 0
    /// The rest of an oversize line is being passed.
    private(set) var isSkipping = false
    private(set) var failure: FramingFailure?
    var counts = FramingCounts()

    init(_ options: FramingOptions) {
        first = options.trailers[0]
        second = options.trailers[options.trailers.count - 1]
        bytesMax = options.frameBytesMax
        policy = options.oversize
        trimsCR = options.trimsTrailingCR
        skipsEmpty = options.skipsEmptyFrames
    }

    /// Whether a line has been begun.
    var isInside: Bool { isSkipping || scanned > 0 }

    /// The next frame, or nil when more bytes are needed.
    mutating func next(_ window: inout FrameWindow) -> Frame? {
        while true {
            switch step(&window) {
            case .frame(let frame): return frame
            case .passed: continue
            case .starved: return nil
            }
        }
    }

    /// Deals with at most one line.
    mutating func step(_ window: inout FrameWindow) -> Step {
        if failure != nil {
            counts.bytesLost += window.limit - window.position
            window.position = window.limit
            return .starved
        }
        if isSkipping { return skip(&window) }
        let start = window.position
        let available = window.limit - start
        // SAFETY: `scanned` bytes were seen behind `position` before and SL_PADDING bytes follow the window.
        let length = scanned + sl_find_either(window.base + start + scanned, available - scanned, first, second)
        if length == available {
            if length > bytesMax + 1 { return beginSkip(&window) }
            guard window.isFinal else {
                scanned = length
                return .starved
            }
            if length == 0 { return .starved }
            return finish(&window, start: start, length: length, separators: 0)
        }
        return finish(&window, start: start, length: length, separators: 1)
    }

    /// Takes a line whose length the caller has found.
    mutating func take(_ length: Int, separators: Int, _ window: inout FrameWindow) -> Step {
        finish(&window, start: window.position, length: length, separators: separators)
    }

    private mutating func finish(_ window: inout FrameWindow, start: Int, length: Int, separators: Int) -> Step {
        scanned = 0
        window.position = start + length + separators
        var content = length
        if trimsCR, content > 0, window.base[start + content - 1] == 0x0D { content -= 1 }
        if content == 0, skipsEmpty { return .passed }
        guard content <= bytesMax else {
            counts.oversize += 1
            switch policy {
            case .truncate:
                counts.bytesLost += content - bytesMax
                counts.frames += 1
                return .frame(Frame(offset: start, length: bytesMax, flags: .truncated))
            case .drop:
                counts.bytesLost += content
                return .passed
            case .error:
                // All from here on counts as lost, separators too, however much of it has come.
                window.position = start
                return fail()
            }
        }
        counts.frames += 1
        return .frame(Frame(offset: start, length: content))
    }

    private mutating func fail() -> Step {
        counts.errors += 1
        failure = .oversize(frameBytesMax: bytesMax)
        return .passed
    }

    /// A line is too long and its end has not come.
    private mutating func beginSkip(_ window: inout FrameWindow) -> Step {
        scanned = 0
        counts.oversize += 1
        switch policy {
        case .truncate:
            isSkipping = true
            let frame = Frame(offset: window.position, length: bytesMax, flags: .truncated)
            window.position += bytesMax
            counts.frames += 1
            return .frame(frame)
        case .drop:
            isSkipping = true
            return .passed
        case .error:
            return fail()
        }
    }

    private mutating func skip(_ window: inout FrameWindow) -> Step {
        let start = window.position
        let available = window.limit - start
        let length = sl_find_either(window.base + start, available, first, second)
        let isEnd = length < available || window.isFinal
        // A CR at the end of what has come is looked at again when the next byte shows whether it belongs to the line's end.
        let endsInCR = trimsCR && length > 0 && window.base[start + length - 1] == 0x0D
        counts.bytesLost += length - (endsInCR ? 1 : 0)
        guard isEnd else {
            window.position = start + length - (endsInCR ? 1 : 0)
            return .starved
        }
        window.position = min(start + length + 1, window.limit)
        isSkipping = false
        return .passed
    }
}

extension LineCutter {
    /// Lines until the window or the room for frames is used up; the hot loop of the whole filter.
    ///
    /// It walks over blocks of 64 bytes and takes the separators out of a bit mask, because lines are short and a search
    /// function called for each costs more than the search. Whatever is unusual is left to ``step(_:)``.
    mutating func frames(in window: inout FrameWindow, into frames: UnsafeMutableBufferPointer<Frame>) -> Int {
        var count = 0
        guard let to = frames.baseAddress else { return 0 }
        while count < frames.count {
            if failure == nil, !isSkipping, first == second {
                count += usualLines(&window, to: to + count, room: frames.count - count)
                if count == frames.count { break }
            }
            // Either starved or before an oversize line.
            switch step(&window) {
            case .frame(let frame):
                (to + count).initialize(to: frame)
                count += 1
            case .passed: continue
            case .starved: return count
            }
        }
        return count
    }

    /// Whole lines within the limit from the window's position on.
    @inline(__always)
    private mutating func usualLines(_ window: inout FrameWindow, to: UnsafeMutablePointer<Frame>, room: Int) -> Int {
        let base = window.base
        let limit = window.limit
        let separator = first
        let bytesMax = bytesMax
        let trimsCR = trimsCR
        let skipsEmpty = skipsEmpty
        var count = 0
        var start = window.position
        var block = start + scanned
        // SAFETY: blocks reach at most 63 bytes behind `limit`, where SL_PADDING bytes are readable.
        walk: while block < limit {
            var mask = sl_mask64(base + block, separator)
            if limit - block < 64 { mask &= (1 &<< UInt64(limit - block)) &- 1 }
            while mask != 0 {
                let end = block &+ mask.trailingZeroBitCount
                mask &= mask &- 1
                var length = end &- start
                if trimsCR, length > 0, base[end &- 1] == 0x0D { length &-= 1 }
                if length > bytesMax { break walk }
                if length > 0 || !skipsEmpty {
                    if count == room { break walk }
                    (to + count).initialize(to: Frame(offset: start, length: length))
                    count &+= 1
                }
                start = end &+ 1
            }
            block &+= 64
        }
        // The line that was not dealt with is scanned again from its start when its end was seen already.
        scanned = block >= limit ? limit - start : 0
        window.position = start
        counts.frames += count
        return count
    }
}
