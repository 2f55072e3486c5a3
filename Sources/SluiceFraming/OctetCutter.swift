import SluiceComponent
import SluiceEvent

/// Takes counted bytes: what follows an octet count, with the policy for counts over the limit.
struct OctetCutter {
    enum Step {
        case frame(Frame)
        /// The frame was dropped, or skipped to its end.
        case passed
        case starved
    }

    private let bytesMax: Int
    private let policy: OversizePolicy
    private let trimsLF: Bool
    private let trimsCR: Bool
    /// Bytes of an oversize frame that are still to be passed.
    private(set) var remaining = 0
    private(set) var failure: FramingFailure?
    var counts = FramingCounts()

    init(_ options: FramingOptions) {
        bytesMax = options.frameBytesMax
        policy = options.oversize
        trimsLF = options.trimsTrailingLF
        trimsCR = options.trimsTrailingCR
    }

    /// The largest count that is believed: a wrong one would have a whole stream skipped.
    var countMax: Int { max(16 << 20, 4 * bytesMax) }

    /// Passes the rest of an oversize frame.
    mutating func skip(_ window: inout FrameWindow) -> Step {
        let step = min(remaining, window.limit - window.position)
        counts.bytesLost += step
        window.position += step
        remaining -= step
        if remaining == 0 { return .passed }
        if window.isFinal {
            counts.incomplete += 1
            remaining = 0
        }
        return .starved
    }

    /// Takes the frame of `count` bytes whose header begins at the window's position.
    mutating func take(_ count: Int, headerLength: Int, _ window: inout FrameWindow) -> Step {
        let start = window.position + headerLength
        let available = window.limit - start
        if count > bytesMax, policy != .truncate {
            counts.oversize += 1
            window.position = start
            guard policy == .drop else {
                counts.errors += 1
                failure = .oversize(frameBytesMax: bytesMax)
                return .passed
            }
            remaining = count
            return .passed
        }
        let wanted = min(count, bytesMax)
        guard available >= wanted else {
            guard window.isFinal else { return .starved }
            counts.incomplete += 1
            window.position = window.limit
            guard available > 0 else { return .starved }
            counts.frames += 1
            return .frame(Frame(offset: start, length: available, flags: .truncated))
        }
        window.position = start + wanted
        counts.frames += 1
        if count > bytesMax {
            counts.oversize += 1
            remaining = count - bytesMax
            return .frame(Frame(offset: start, length: wanted, flags: .truncated))
        }
        var length = wanted
        if trimsLF, length > 0, window.base[start + length - 1] == 0x0A {
            length -= 1
            if trimsCR, length > 0, window.base[start + length - 1] == 0x0D { length -= 1 }
        }
        return .frame(Frame(offset: start, length: length))
    }
}
